/** How long to wait before dialling again: doubling, with a ceiling, and never all devices at once. */

const FIRST_MS = 500;
const CEILING_MS = 60_000;

/** Milliseconds before try number `tries` (0 is the first try after a loss). `random` in [0, 1). */
export function backoff(tries: number, random: number): number {
  const full = Math.min(FIRST_MS * 2 ** Math.min(tries, 16), CEILING_MS);
  return Math.round(full / 2 + (full / 2) * random);
}

/** A refusal may be lifted, but not within seconds. */
export function backoffRefused(tries: number, random: number): number {
  return Math.max(backoff(tries + 7, random), CEILING_MS / 2);
}
