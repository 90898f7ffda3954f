import { expect, test } from 'vitest';
import { Keyring } from '../epochs.ts';
import { openPatientGrant } from '../grants.ts';
import { kinds } from '../kinds.ts';
import { Policy } from '../policy.ts';
import { Practice } from '../testing/practice.ts';
import { keys } from '../testing.ts';
import type { Event, Hex } from '../types.ts';
import { rows, secretOf, vectors, verified } from '../vectors.ts';
import {
  buildMissing,
  GrantBook,
  type MissingGrant,
  type MissingGrants,
  missingGrants,
  type Writer,
} from './missing.ts';

type List = readonly (readonly [reader: Hex, authority: Hex, rows: readonly (readonly [Hex, Hex])[]])[];
interface File {
  readonly practice: Hex;
  readonly secrets: { readonly [name: string]: Hex };
  readonly history: readonly { readonly event: Event; readonly at: number; readonly received: number }[];
  readonly stored: readonly Event[];
  readonly cases: readonly {
    readonly name: string;
    readonly steps: number;
    readonly time: number;
    readonly writer: string;
    readonly subject: Hex;
    readonly grants: readonly Event[];
    readonly stored: number;
    readonly confirmed: readonly Hex[];
    readonly expected: { readonly [pile in keyof MissingGrants]: List };
  }[];
}

const list = (grants: readonly MissingGrant[]): List =>
  grants.map(({ reader, authority, rows }) => [
    reader,
    authority,
    rows.map(({ epochKey, subject }) => [epochKey, subject] as const),
  ]);
const nothing = { write: [], waiting: [], left: [] };

test('missing grant vectors say who writes what and what waits', () => {
  const file = vectors<File>('grants-missing.json');
  for (const given of rows(file.cases)) {
    const policy = new Policy(file.practice);
    const steps = file.history.slice(0, given.steps);
    for (const { event, at, received } of steps)
      expect(policy.apply(verified(event), at, received)).toBe(null);
    const book = new GrantBook();
    for (const event of file.stored.slice(0, given.stored)) book.add(verified(event));
    const secret = secretOf(file.secrets[given.writer]);
    const epochs = steps.flatMap(({ event }) => (event.kind === kinds.practiceEpoch ? [event] : []));
    const keyring = Keyring.collect(secret, epochs, given.grants);
    const writer = { key: secret.publicKey, keyring, rows: [], confirmed: given.confirmed };
    const found = missingGrants(policy.now(given.time), book, given.subject, writer);
    const { write, waiting, left } = found;
    expect({ write: list(write), waiting: list(waiting), left: list(left) }, given.name).toEqual(
      given.expected,
    );
  }
});

/** A practice whose members write what is missing. */
class Clinic {
  readonly practice = Practice.staffed();
  readonly book = new GrantBook();

  writer(name: string, confirmed: readonly Hex[] = []): Writer {
    const secret = keys(name);
    const { events, grants } = this.practice;
    const mine = grants.filter(({ tags }) =>
      tags.some(([tag, key]) => tag === 'p' && key === secret.publicKey),
    );
    return { key: secret.publicKey, keyring: Keyring.collect(secret, events, mine), rows: [], confirmed };
  }

  asks(writer: Writer, child: string): MissingGrants {
    const view = this.practice.policy.now(this.practice.now);
    return missingGrants(view, this.book, this.practice.key(child), writer);
  }

  writes(name: string, writer: Writer, child: string): readonly Event[] {
    const { write } = this.asks(writer, child);
    const events = buildMissing(keys(name), write, writer, this.practice.now, this.practice.random);
    for (const event of events) this.book.add(verified(event));
    return events;
  }
}

const readersOf = (grants: readonly MissingGrant[]) =>
  new Map(grants.map(({ reader, rows }) => [reader, rows.length]));

test('a link waits for a person who holds the chart, and what is written opens for its reader', () => {
  const clinic = new Clinic();
  const { practice } = clinic;
  const mother = practice.key('mother');
  const link = practice.policy.now(practice.now).linksOf(mother)[0]?.entry ?? '';
  const found = clinic.asks(clinic.writer('desk', [link]), 'child');
  expect([readersOf(found.write), readersOf(found.waiting)]).toEqual([
    new Map([[mother, 1]]),
    new Map([[mother, 1]]),
  ]);
  expect(clinic.asks(clinic.writer('doctor'), 'child').waiting).toHaveLength(1);
  const doctor = clinic.writer('doctor', [link]);
  const [grant] = clinic.writes('doctor', doctor, 'child');
  const opened = grant && openPatientGrant(keys('mother'), grant);
  const places = opened?.map(({ epochKey }) => practice.policy.now(practice.now).compartmentOf(epochKey));
  expect(places).toEqual(['desk', 'chart']);
  expect(clinic.asks(clinic.writer('nurse'), 'child')).toEqual(nothing);
});

test('an own key that the front desk registered waits, and a removed guardian gets no new rows', () => {
  const clinic = new Clinic();
  const { practice } = clinic;
  const view = practice.policy.now(practice.now);
  const own = practice.key('own');
  const brought = view.brought(own);
  expect([brought?.entry, brought?.byChart]).toEqual([view.patient(practice.key('teen'))?.entry, false]);
  expect(readersOf(clinic.asks(clinic.writer('doctor'), 'teen').waiting)).toEqual(new Map([[own, 1]]));
  clinic.writes('doctor', clinic.writer('doctor', [brought?.entry ?? '']), 'teen');
  expect(clinic.asks(clinic.writer('desk'), 'teen')).toEqual(nothing);
  practice.take(practice.link('child', 'mother', ['desk', 'chart'], { more: [['end']] }));
  practice.rotate(0);
  practice.grant('doctor', ['desk', 'chart', 'confidential']);
  const doctor = clinic.writer('doctor');
  expect(clinic.asks(doctor, 'child')).toEqual(nothing);
  expect(readersOf(clinic.asks(doctor, 'teen').write)).toEqual(new Map([[practice.key('own'), 2]]));
  expect(clinic.asks(clinic.writer('desk'), 'teen').left).toHaveLength(1);
});
