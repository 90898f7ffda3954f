/** A box whose demo practice has one child with a very long record, for what must stay fast and right with many. */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kinds } from '../lib/protocol/kinds.ts';
import type { Event, Resource } from '../lib/protocol/types.ts';
import { Box } from '../lib/relay/box.test-helper.ts';
import { Staff } from '../lib/session/staff.test-helper.ts';
import { demo, person } from './harness.ts';

/** Reads the long record; she has no other child. */
export const PARENT = 'Petra Pretend';
export const CHILD = 'Imogen';

/** Records that are written at once: what the box receives together stands in one receipt, as on a day of a clinic. */
const TOGETHER = 4;
const LOINC = 'http://loinc.org';

const YEARS = 15;
const LAST = Date.now() - 86_400_000;
/** The days of so many records, one after another up to yesterday. */
export function dayOf(n: number, count: number): string {
  const first = LAST - YEARS * 365 * 86_400_000;
  return new Date(first + ((LAST - first) * (n + 1)) / count).toISOString().slice(0, 10);
}

const quantity = (code: string, unit: string, value: number, day: string): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: LOINC, code }] },
  effectiveDateTime: `${day}T10:00:00-05:00`,
  valueQuantity: { value, unit, system: 'http://unitsofmeasure.org', code: unit },
});

/** A record of a child who grows; each has its own number in its words, so that none is taken for another. */
function recordOf(n: number, count: number): readonly [kind: number, resource: Resource] {
  const day = dayOf(n, count);
  const share = (n + 1) / count;
  switch (n % 10) {
    case 0:
      return [kinds.observation, quantity('29463-7', 'kg', Math.round(40 + share * 480) / 10, day)];
    case 1:
      return [kinds.observation, quantity('8302-2', 'cm', Math.round(520 + share * 1_100) / 10, day)];
    case 2:
      return [kinds.observation, quantity('8310-5', 'Cel', 36 + (n % 25) / 10, day)];
    case 3:
    case 4: {
      const report = { resourceType: 'DiagnosticReport', status: 'final', code: { text: `Test ${n}` } };
      return [
        kinds.report,
        { ...report, effectiveDateTime: day, conclusion: `Conclusion ${n}. `.repeat(12) },
      ];
    }
    case 5:
    case 6: {
      const note = { resourceType: 'Composition', id: 'note', status: 'final', title: `Visit ${n}` };
      const section = [
        { title: 'Plan', text: { status: 'generated', div: `<div>${`Plan ${n}. `.repeat(40)}</div>` } },
      ];
      return [
        kinds.encounter,
        {
          resourceType: 'Encounter',
          status: 'finished',
          period: { start: day },
          contained: [{ ...note, section }],
        },
      ];
    }
    case 7:
      return [
        kinds.immunization,
        {
          resourceType: 'Immunization',
          status: 'completed',
          vaccineCode: { text: `Shot ${n}` },
          occurrenceDateTime: day,
        },
      ];
    case 8:
      return [
        kinds.message,
        {
          resourceType: 'Communication',
          status: 'completed',
          topic: { text: `Topic ${n}` },
          sent: day,
          payload: [{ contentString: `Letter ${n}.` }],
        },
      ];
    default:
      return [
        kinds.document,
        {
          resourceType: 'DocumentReference',
          status: 'current',
          date: day,
          description: `Paper ${n}`,
          content: [],
        },
      ];
  }
}

export interface Large {
  readonly box: Box;
  /** What was written, in its order. */
  readonly events: readonly Event[];
  stop(): Promise<void>;
}

/** Starts a box and writes so many records of one child, with their receipts. */
export async function large(count: number): Promise<Large> {
  const folder = mkdtempSync(join(tmpdir(), 'relaybox-large-'));
  const config = join(folder, 'relaybox.toml');
  writeFileSync(config, '[relay]\nevents_per_minute_per_key = 1000000\nreceipt_seconds = 0\n');
  const box = await Box.start(demo().template, '--config', config);
  const { children } = person(box.ready, PARENT);
  const child = children[0] ?? '';
  const staff = await Staff.logIn(box, person(box.ready, 'Dr. Alba Testwell'));
  const events: Event[] = [];
  for (let n = 0; n < count; n += TOGETHER) {
    const some = Array.from({ length: Math.min(TOGETHER, count - n) }, (_, at) => {
      const [kind, resource] = recordOf(n + at, count);
      return staff.seal(kind, resource, child);
    });
    events.push(...some);
    await Promise.all(some.map((event) => staff.publish(event)));
  }
  staff.stop();
  const stop = async () => {
    await box.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { box, events, stop };
}

/** Some of many, for spot checks. */
export const some = <T>(all: readonly T[], count: number): T[] =>
  Array.from({ length: count }, () => all[randomInt(all.length)]).filter((one) => one !== undefined);
