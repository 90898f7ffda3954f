/** Runs the lock's state machine on a page: signs of life, visibility, time. */
import {
  handleLock,
  type LockInput,
  type LockLimits,
  type LockWhy,
  lockLimits,
  pollLock,
  startLock,
} from './lock.ts';

const SIGNS = ['pointerdown', 'keydown', 'wheel', 'touchstart', 'scroll'] as const;

/** Watches until it locks or is stopped; `locked` is called once. */
export function watchLock(
  locked: (why: LockWhy) => void,
  limits: LockLimits = lockLimits,
): { readonly ask: () => void; readonly stop: () => void } {
  let state = startLock(Date.now(), limits);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const handle = (input: LockInput) => {
    state = handleLock(state, input, Date.now());
    clearTimeout(timer);
    const at = pollLock(state);
    if (at !== null) {
      timer = setTimeout(() => handle('time'), Math.max(at - Date.now(), 0) + 1);
    } else if (state.locked) {
      stop();
      locked(state.locked);
    }
  };
  const active = () => handle('active');
  const seen = () => handle(document.visibilityState === 'visible' ? 'shown' : 'hidden');
  const stop = () => {
    clearTimeout(timer);
    for (const sign of SIGNS) removeEventListener(sign, active, true);
    document.removeEventListener('visibilitychange', seen);
  };
  for (const sign of SIGNS) addEventListener(sign, active, { capture: true, passive: true });
  document.addEventListener('visibilitychange', seen);
  seen();
  return { ask: () => handle('ask'), stop };
}
