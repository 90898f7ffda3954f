/**
 * How long it takes to read and fold the chart of one child: `node lib/tools/bench-protocol.ts [records]`. Prints the
 * machine and milliseconds; asserts nothing.
 */
import { cpus } from 'node:os';
import { fold, type Record } from '../protocol/fold.ts';
import { Held, type Outcome, Reader } from '../protocol/reader.ts';
import { Practice, secretOfName } from '../protocol/testing/practice.ts';
import type { Event } from '../protocol/types.ts';
import { weighing } from './weighing.ts';

const count = Number(process.argv[2] ?? 5_000);
/** The box writes what arrives within some seconds into one receipt; ten years of visits are many receipts. */
const ROWS = 5;

function time<T>(what: string, run: () => T): T {
  // Time on the processor: what else runs on the machine says nothing.
  const from = process.cpuUsage();
  const made = run();
  const { user, system } = process.cpuUsage(from);
  process.stdout.write(`${what.padEnd(58)} ${((user + system) / 1_000).toFixed(0).padStart(7)} ms\n`);
  return made;
}

function write(practice: Practice): Event[] {
  const records: Event[] = [];
  let batch: Event[] = [];
  for (let n = 0; n < count; n += 1) {
    const event = practice.staff('doctor', { kind: 2113, resource: weighing(n), subject: 'child' });
    records.push(event);
    batch.push(event);
    const [first, ...more] = batch;
    if (first !== undefined && (batch.length === ROWS || n === count - 1)) {
      practice.receive(first, ...more);
      batch = [];
      practice.now += 60;
    }
  }
  return records;
}

function shown(outcomes: ReadonlyMap<string, Outcome>): Record[] {
  return [...outcomes.values()].flatMap((outcome) => (outcome.is === 'shown' ? [outcome.record] : []));
}

process.stdout.write(`${cpus()[0]?.model ?? 'unknown'}, node ${process.version}, ${count} records\n`);
const practice = Practice.staffed();
const records = time('write, sign and encrypt (not part of reading)', () => write(practice));
const { material } = practice;
const input = {
  practice: practice.key('practice'),
  held: Held.person(secretOfName('child')),
  sight: 'own',
} as const;

const cold = time(
  `a new reader takes ${material.length} policy events and receipts`,
  () => new Reader(input, material),
);
time('order of policy and receipts', () => cold.book);
const outcomes = time('first read: ids, signatures, decryption', () => cold.read(records, null));
time('second read', () => cold.read(records, null));

const known = new Reader({ ...input, signed: () => true }, material);
time('first read when signatures are known', () => known.read(records, null));

const more = practice.staff('doctor', {
  kind: 2113,
  resource: { resourceType: 'Observation' },
  subject: 'child',
});
practice.receive(more);
time('one record more, with its receipt', () => {
  cold.add(practice.box.receipts.slice(-1));
  cold.read([...records, more], null);
});
const line = new Set([practice.key('child')]);
const list = shown(outcomes);
time(`fold of ${list.length} records`, () => fold(line, list, 'complete'));
const versions = list.map((record, n): Record => {
  const before = n % 10 === 0 ? undefined : list[n - 1];
  return before === undefined ? record : { ...record, links: [{ id: before.id, marker: 'correction' }] };
});
time('fold of ten versions each', () => fold(line, versions, 'complete'));
const one = list.map(
  (record, n): Record => ({
    ...record,
    links: n === 0 ? [] : [{ id: list[n - 1]?.id ?? '', marker: 'correction' }],
  }),
);
time('fold of one item with all of them as versions', () => fold(line, one, 'complete'));
