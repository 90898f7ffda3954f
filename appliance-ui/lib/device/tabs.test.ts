import { expect, test } from 'vitest';
import { queueTurn } from './tabs.ts';

/** Locks as a browser has them: one holder of a name, the others queue. */
function softLocks() {
  const queues = new Map<string, (() => void)[]>();
  return {
    async request(name: string, { signal }: { signal: AbortSignal }, run: () => Promise<void>) {
      const queue = queues.get(name) ?? [];
      queues.set(name, queue);
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new DOMException('gone', 'AbortError')));
        queue.push(resolve);
        if (queue.length === 1) resolve();
      });
      try {
        await run();
      } finally {
        queue.shift();
        queue[0]?.();
      }
    },
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

test('one tab of a person keeps, the next one takes over when it is gone', async () => {
  const locks = softLocks();
  const told: string[] = [];
  const first = queueTurn('ana', () => told.push('first'), locks);
  const second = queueTurn('ana', () => told.push('second'), locks);
  const other = queueTurn('ben', () => told.push('other'), locks);
  await turn();
  expect([first.mine, second.mine, other.mine]).toEqual([true, false, true]);
  first.release();
  await turn();
  await turn();
  expect(second.mine).toBe(true);
  expect(told).toEqual(['first', 'other', 'second']);
});

test('without locks every tab keeps', () => {
  expect(queueTurn('ana', () => {}, undefined).mine).toBe(true);
});
