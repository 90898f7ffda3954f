/**
 * When a session locks itself: after quiet minutes, after minutes out of sight, and on demand. A pure state machine:
 * callers pass `now` in milliseconds and ask when to come again.
 *
 * Timers sleep with the device. So every sign of life is first asked whether it came too late: a touch after an hour
 * of sleep locks instead of going on.
 */

export interface LockLimits {
  /** Milliseconds without a touch or a key press. */
  readonly idleMs: number;
  /** Milliseconds out of sight. */
  readonly hiddenMs: number;
}

export const lockLimits: LockLimits = { idleMs: 15 * 60_000, hiddenMs: 5 * 60_000 };

export type LockWhy = 'idle' | 'hidden' | 'asked';

export interface LockState {
  readonly limits: LockLimits;
  /** The newest sign of life. */
  readonly active: number;
  /** Since when the page is out of sight; null while it is seen. */
  readonly hidden: number | null;
  readonly locked: LockWhy | null;
}

export type LockInput = 'active' | 'hidden' | 'shown' | 'ask' | 'time';

export function startLock(now: number, limits: LockLimits = lockLimits): LockState {
  return { limits, active: now, hidden: null, locked: null };
}

export function handleLock(before: LockState, input: LockInput, now: number): LockState {
  if (before.locked) return before;
  // A clock that was set back must not give more time than there was.
  const state = {
    ...before,
    active: Math.min(before.active, now),
    hidden: before.hidden === null ? null : Math.min(before.hidden, now),
  };
  const due = dueLock(state, now);
  if (due) return { ...state, locked: due };
  switch (input) {
    case 'ask':
      return { ...state, locked: 'asked' };
    case 'active':
      return { ...state, active: now };
    case 'hidden':
      return { ...state, hidden: state.hidden ?? now };
    case 'shown':
      return { ...state, hidden: null };
    case 'time':
      return state;
  }
}

/** The moment at which `time` is to be handed in; null when locked. */
export function pollLock({ limits, active, hidden, locked }: LockState): number | null {
  if (locked) return null;
  const idle = active + limits.idleMs;
  return hidden === null ? idle : Math.min(idle, hidden + limits.hiddenMs);
}

function dueLock({ limits, active, hidden }: LockState, now: number): LockWhy | null {
  if (hidden !== null && now - hidden >= limits.hiddenMs) return 'hidden';
  return now - active >= limits.idleMs ? 'idle' : null;
}
