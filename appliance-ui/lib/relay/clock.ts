/** Time as the modules around it see it, so that tests move it by hand. */
export interface Clock {
  /** Milliseconds since 1970 by this device. */
  now(): number;
  /** Calls once after so many milliseconds; the returned function cancels. */
  after(ms: number, call: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
