/**
 * A family's own policy events, which no policy receipt orders for it: where each one stands, and which of two that came
 * in one second stands first.
 */
import { links, pTag, tagValue } from '../event.ts';
import { kinds } from '../kinds.ts';
import { compareHex, groupBy } from '../order.ts';
import type { Position } from '../policy/types.ts';
import type { Event, Hex } from '../types.ts';

export interface Place {
  readonly position: Position;
  readonly received: number;
}

/** A policy event that has no policy receipt for this reader. */
export interface Loose extends Place {
  /** Among what stands in one second: how many 2110s of the patient it comes after. */
  readonly after: number;
  readonly event: Event;
}

/** Where a patient's key came in. */
export type Registered = ReadonlyMap<Hex, Place & { readonly after: number }>;

export function isBefore(one: Place, other: Place): boolean {
  return one.position < other.position || (one.position === other.position && one.received < other.received);
}

export function isSooner(one: Loose, other: Loose): boolean {
  if (isBefore(one, other)) return true;
  return !isBefore(other, one) && one.after < other.after;
}

/**
 * In one second a registration comes before the link that names its T, and this before the 2110 that replaces that T:
 * the relay took both, so they came in this order.
 */
export function inOrder(one: Loose, other: Loose): number {
  const later = ({ event }: Loose) => Number(event.kind !== kinds.patient);
  return (
    one.position - other.position ||
    one.received - other.received ||
    compareNumbers(one.after, other.after) ||
    later(one) - later(other) ||
    one.event.created_at - other.event.created_at ||
    compareHex(one.event.id, other.event.id)
  );
}

/** The difference of two infinities is no number. */
function compareNumbers(one: number, other: number): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

/**
 * How many of these 2110s each one comes after: a later one names its predecessor, a rekey also the T that it
 * replaces.
 */
export function depthsOf(patients: readonly Event[]): ReadonlyMap<Hex, number> {
  const ofSubject = groupBy(patients, (event) => pTag(event, 1) ?? '');
  const before = new Map(
    patients.map((event): [Hex, readonly Hex[]] => {
      const named = links(event).map(({ id }) => id);
      const replaced = tagValue(event, 'rekey', 0);
      const former = replaced === null ? [] : (ofSubject.get(replaced) ?? []);
      return [event.id, [...named, ...former.map(({ id }) => id)]];
    }),
  );
  const depth = (event: Event): number => {
    // Each round goes one predecessor back; events that name each other end with their number.
    let round = new Set<Hex>([event.id]);
    for (let depth = 0; depth < patients.length; depth += 1) {
      round = new Set([...round].flatMap((id) => before.get(id) ?? []).filter((id) => before.has(id)));
      if (round.size === 0) return depth;
    }
    return patients.length;
  };
  return new Map(patients.map((event) => [event.id, depth(event)]));
}
