import { describe, expect, test } from 'vitest';
import { emptyOutbox, handleOutbox, type Input, mayDrop, type Outbox, pollOutbox } from './outbox.ts';
import vectors from './vectors.json';

describe('outbox vectors', () => {
  test.each(vectors.cases)('$name', ({ steps }) => {
    let outbox: Outbox = emptyOutbox;
    const acts = new Set<string>();
    for (const [n, step] of steps.entries()) {
      const done = handleOutbox(outbox, step.in as Input, step.now);
      outbox = done.outbox;
      expect(
        outbox.items.map(({ state }) => state.is),
        `step ${n}`,
      ).toEqual(step.states);
      expect(done.effects, `step ${n}`).toEqual(step.out);
      for (const { r } of outbox.items) acts.add(r);
    }
    // The state can be kept and read back between any two steps.
    expect(JSON.parse(JSON.stringify(outbox))).toEqual(outbox);
    expect(acts.size).toBeGreaterThan(0);
  });
});

const run = (outbox: Outbox, ...inputs: readonly (readonly [Input, number])[]) =>
  inputs.reduce((state, [input, now]) => handleOutbox(state, input, now).outbox, outbox);
const keys = { desk: 'd', chart: 'c', confidential: 'x' };
const sent = run(
  emptyOutbox,
  [{ is: 'epochs', keys }, 0],
  [{ is: 'connected' }, 0],
  [{ is: 'write', r: 'r', compartment: 'chart' }, 0],
  [{ is: 'built', r: 'r', id: 'a', epochKey: 'c', createdAt: 0 }, 0],
);

test('hours of silence, lost connections and a box in trouble never end an item', () => {
  let outbox = sent;
  for (let hour = 1; hour <= 100; hour += 1) {
    const now = hour * 3_600;
    const trouble: readonly Input[] = [
      { is: 'unanswered', id: 'a' },
      { is: 'disconnected' },
      { is: 'refused', id: 'a', class: 'unavailable', said: 'error' },
      { is: 'refused', id: 'a', class: 'unauthenticated', said: 'log in' },
    ];
    const input = trouble[hour % trouble.length];
    if (input) outbox = run(outbox, [input, now], [{ is: 'connected' }, now], [{ is: 'time' }, now + 700]);
    expect(['queued', 'sent']).toContain(outbox.items[0]?.state.is);
    expect(outbox.items[0]?.r).toBe('r');
  }
});

test('waits grow and stay below ten minutes', () => {
  let outbox = sent;
  const waits: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    outbox = run(outbox, [{ is: 'unanswered', id: 'a' }, n * 1_000]);
    const at = pollOutbox(outbox) ?? 0;
    waits.push(at - n * 1_000);
    outbox = run(outbox, [{ is: 'time' }, at]);
  }
  expect(waits[0]).toBe(10);
  expect(waits.every((wait, n) => n === 0 || wait >= (waits[n - 1] ?? 0))).toBe(true);
  expect(Math.max(...waits)).toBe(600);
});

test('what may be at the practice cannot be taken back, what was refused or never left can', () => {
  const item = (outbox: Outbox) => outbox.items[0];
  const fresh = run(emptyOutbox, [{ is: 'write', r: 'r', compartment: 'chart' }, 0]);
  const lost = run(sent, [{ is: 'unanswered', id: 'a' }, 5]);
  const refused = run(sent, [{ is: 'refused', id: 'a', class: 'forbidden', said: 'no' }, 5]);
  const may = [fresh, sent, lost, refused].map((outbox) => {
    const first = item(outbox);
    return first ? mayDrop(first) : null;
  });
  expect(may).toEqual([true, false, false, true]);
  expect(run(lost, [{ is: 'drop', r: 'r' }, 6]).items.length).toBe(1);
});

test('a relay that asks for ever new builds is refused in the end', () => {
  let outbox = sent;
  for (let n = 0; n < 20; n += 1) {
    const id = outbox.items[0]?.built?.id;
    if (!id) break;
    outbox = run(
      outbox,
      [{ is: 'refused', id, class: 'invalid', said: 'build the event anew' }, n],
      [{ is: 'built', r: 'r', id: `b${n}`, epochKey: 'c', createdAt: n }, n],
    );
  }
  expect(outbox.items[0]?.state).toMatchObject({ is: 'refused', class: 'invalid' });
});

test('nothing is built while the current epoch is unknown', () => {
  const { outbox, effects } = handleOutbox(
    run(emptyOutbox, [{ is: 'write', r: 'r', compartment: 'chart' }, 0]),
    { is: 'connected' },
    1,
  );
  expect(effects).toEqual([]);
  expect(pollOutbox(outbox)).toBeNull();
});
