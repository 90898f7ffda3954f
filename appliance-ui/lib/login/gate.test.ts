import { expect, test } from 'vitest';
import { keys } from '../protocol/testing.ts';
import type { Hex } from '../protocol/types.ts';
import type { Clock } from '../relay/clock.ts';
import { SessionError } from '../session/api.ts';
import { type Area, areas, GATE_MS, Gate } from './gate.ts';

const MIN = 60_000;
const me = keys('doctor').publicKey;

/** Time that the test moves; timers that are due are called. */
class HandClock implements Clock {
  private at = 1_000_000;
  private readonly waiting = new Map<number, { readonly due: number; readonly call: () => void }>();
  private count = 0;

  now = () => this.at;

  after(ms: number, call: () => void): () => void {
    this.count += 1;
    const id = this.count;
    this.waiting.set(id, { due: this.at + ms, call });
    return () => this.waiting.delete(id);
  }

  /** A device that sleeps calls no timers. */
  pass(ms: number, awake = true): void {
    this.at += ms;
    for (const [id, { due, call }] of awake ? [...this.waiting] : []) {
      if (due > this.at) continue;
      this.waiting.delete(id);
      call();
    }
  }
}

function gate(prove: () => Promise<Hex> = async () => me) {
  const clock = new HandClock();
  let asked = 0;
  const counted = () => {
    asked += 1;
    return prove();
  };
  const made = new Gate({ me, prove: counted, clock });
  const closed: Area[] = [];
  made.watch((area) => closed.push(area));
  return { made, clock, closed, asked: () => asked };
}

test('staff, agents, backup and keys ask for the key again, and lock again after five minutes', async () => {
  expect(areas).toEqual(['staff', 'agents', 'backup', 'keys']);
  expect(GATE_MS).toBe(5 * MIN);
  for (const area of areas) {
    const { made, clock, closed, asked } = gate();
    expect(made.isOpen(area)).toBe(false);
    await made.pass(area);
    expect([asked(), made.isOpen(area)]).toEqual([1, true]);
    clock.pass(5 * MIN - 1);
    await made.pass(area);
    expect([asked(), closed]).toEqual([1, []]);
    clock.pass(1);
    expect(made.isOpen(area)).toBe(false);
    expect(closed).toEqual([area]);
    await made.pass(area);
    expect([asked(), made.isOpen(area)]).toEqual([2, true]);
  }
});

test('using an area gives it no more time, and a proof for one opens no other', async () => {
  const { made, clock, asked } = gate();
  await made.pass('staff');
  clock.pass(4 * MIN);
  await made.pass('staff');
  await made.pass('backup');
  expect(asked()).toBe(2);
  clock.pass(MIN);
  expect(areas.filter((area) => made.isOpen(area))).toEqual(['backup']);
});

test('a device that slept or whose clock was set back is asked again', async () => {
  const slept = gate();
  await slept.made.pass('keys');
  slept.clock.pass(5 * MIN, false);
  expect(slept.made.isOpen('keys')).toBe(false);
  expect(slept.closed).toEqual(['keys']);
  const back = gate();
  await back.made.pass('keys');
  back.clock.pass(MIN);
  expect(back.made.isOpen('keys')).toBe(true);
  back.clock.pass(-1);
  expect(back.made.isOpen('keys')).toBe(false);
});

test('a page that nobody touches is told when its area closes', async () => {
  const { made, clock, closed } = gate();
  await made.pass('backup');
  clock.pass(5 * MIN);
  expect(closed).toEqual([]);
  clock.pass(1);
  expect(closed).toEqual(['backup']);
});

test('a no, and the key of somebody else, open nothing', async () => {
  const no = gate(() => Promise.reject(new SessionError('cancelled', 'no')));
  await expect(no.made.pass('agents')).rejects.toMatchObject({ code: 'cancelled' });
  const other = gate(async () => keys('nurse').publicKey);
  await expect(other.made.pass('agents')).rejects.toMatchObject({ code: 'wrong-key' });
  expect([no.made.isOpen('agents'), other.made.isOpen('agents')]).toEqual([false, false]);
  await expect(no.made.pass('agents')).rejects.toMatchObject({ code: 'cancelled' });
  expect(no.asked()).toBe(2);
});

test('two questions at once are one touch, and a session that locks closes every area', async () => {
  const { made, closed, asked } = gate();
  await Promise.all([made.pass('staff'), made.pass('staff')]);
  await made.pass('agents');
  expect(asked()).toBe(2);
  made.close();
  expect(closed).toEqual(['staff', 'agents']);
  expect(areas.filter((area) => made.isOpen(area))).toEqual([]);
});

test('a key that is shown after the session was locked opens nothing', async () => {
  let show = (_: Hex) => {};
  const { made } = gate(() => new Promise((resolve) => (show = resolve)));
  const asked = made.pass('staff');
  made.close();
  show(me);
  await expect(asked).rejects.toMatchObject({ code: 'locked' });
  expect(made.isOpen('staff')).toBe(false);
});
