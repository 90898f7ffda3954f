/**
 * What the worker of a face computes until a long record stands, without network and storage:
 * `node lib/tools/bench-session.ts [records]`. Cold: everything comes from a relay. Warm: everything was checked before
 * and is read from the device. Time on the processor, so that what else runs on the machine says nothing; asserts
 * nothing.
 */
import { cpus } from 'node:os';
import { Practice, secretOfName } from '../protocol/testing/practice.ts';
import type { Event } from '../protocol/types.ts';
import { systemClock } from '../relay/clock.ts';
import { Records } from '../session/records.ts';
import { keySigner } from '../session/signer.ts';
import { weighing } from './weighing.ts';

const count = Number(process.argv[2] ?? 500);
/** What one day of a clinic brings stands in one receipt. */
const ROWS = 4;
/** Events that come in one answer. */
const PAGE = 500;

function write(practice: Practice): Event[] {
  const records: Event[] = [];
  for (let n = 0; n < count; n += ROWS) {
    const some = Array.from({ length: Math.min(ROWS, count - n) }, (_, at) =>
      practice.staff('doctor', { kind: 2113, resource: weighing(n + at), subject: 'child' }),
    );
    const [first, ...more] = some;
    if (first) practice.receive(first, ...more);
    practice.now += 60;
    records.push(...some);
  }
  return records;
}

function open(practice: Practice): Records {
  const numbers = new Map<string, number>();
  return new Records({
    practice: practice.key('practice'),
    signer: keySigner(secretOfName('child').bytes()),
    clock: systemClock,
    turn: () => new Promise((resolve) => setTimeout(resolve)),
    numberOf: (what, id) => {
      const name = `${what} ${id}`;
      const number = numbers.get(name) ?? numbers.size + 1;
      numbers.set(name, number);
      return number;
    },
    changed: () => {},
    chartChanged: () => {},
    ended: () => {},
  });
}

function judged(records: Records): number {
  for (const held of records.people) {
    held.loaded = true;
    held.loading = null;
    records.touch(held);
  }
  records.judgeNow();
  return records.people.reduce((sum, { judged }) => sum + (judged?.checked.size ?? 0), 0);
}

async function time(what: string, run: () => Promise<number>): Promise<void> {
  const from = process.cpuUsage();
  const shown = await run();
  const { user, system } = process.cpuUsage(from);
  process.stdout.write(
    `${what.padEnd(8)} ${shown} records shown, ${((user + system) / 1_000).toFixed(0)} ms\n`,
  );
}

const practice = Practice.staffed();
const records = write(practice);
const { material } = practice;
process.stdout.write(`${cpus()[0]?.model ?? 'unknown'}, node ${process.version}; `);
process.stdout.write(`${count} records, ${material.length} policy events and receipts\n`);
for (let run = 0; run < 3; run += 1) {
  await time('cold', async () => {
    const session = open(practice);
    const all = [...material, ...records];
    for (let from = 0; from < all.length; from += PAGE) await session.take(all.slice(from, from + PAGE));
    const shown = judged(session);
    session.stop();
    return shown;
  });
  await time('warm', async () => {
    const session = open(practice);
    await session.trust([...material, ...records], true);
    const shown = judged(session);
    session.stop();
    return shown;
  });
}
