import { expect, test } from 'vitest';
import { handleLock, type LockInput, lockLimits, pollLock, startLock } from './lock.ts';

const MIN = 60_000;
const run = (...steps: readonly (readonly [LockInput, number])[]) =>
  steps.reduce((state, [input, at]) => handleLock(state, input, at), startLock(0));

test('a session locks after fifteen quiet minutes, and not before', () => {
  expect(lockLimits).toEqual({ idleMs: 15 * MIN, hiddenMs: 5 * MIN });
  expect(run(['time', 15 * MIN - 1]).locked).toBeNull();
  expect(run(['time', 15 * MIN]).locked).toBe('idle');
  expect(run(['active', 14 * MIN], ['time', 28 * MIN]).locked).toBeNull();
  expect(run(['active', 14 * MIN], ['time', 29 * MIN]).locked).toBe('idle');
});

test('a session locks after five minutes out of sight, and coming back earlier undoes it', () => {
  expect(run(['hidden', MIN], ['time', 6 * MIN - 1]).locked).toBeNull();
  expect(run(['hidden', MIN], ['time', 6 * MIN]).locked).toBe('hidden');
  expect(run(['hidden', MIN], ['hidden', 4 * MIN], ['time', 6 * MIN]).locked).toBe('hidden');
  expect(run(['hidden', MIN], ['shown', 3 * MIN], ['time', 7 * MIN]).locked).toBeNull();
});

test('a session locks on demand at once', () => {
  expect(run(['ask', 1]).locked).toBe('asked');
});

test('a device that slept through its timers locks at the first touch', () => {
  expect(run(['active', 60 * MIN]).locked).toBe('idle');
  expect(run(['hidden', MIN], ['shown', 60 * MIN]).locked).toBe('hidden');
});

test('a clock that was set back gives no more time than there was', () => {
  const state = handleLock(startLock(100 * MIN), 'time', 10 * MIN);
  expect(state.locked).toBeNull();
  expect(pollLock(state)).toBe(25 * MIN);
  expect(handleLock(state, 'time', 25 * MIN).locked).toBe('idle');
});

test('what is locked stays locked and asks for no more time', () => {
  const state = run(['ask', 1], ['active', 2], ['shown', 3]);
  expect(state.locked).toBe('asked');
  expect(pollLock(state)).toBeNull();
  expect(pollLock(run(['hidden', MIN]))).toBe(6 * MIN);
  expect(pollLock(run(['active', MIN]))).toBe(16 * MIN);
});
