/** Orders that the contract names, and lists put together by a name. */
import type { Compartment, Hex } from './types.ts';

/** Ids and keys by their bytes, which is the order of their lower-case hex. */
export function compareHex(one: Hex, other: Hex): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

const COMPARTMENTS: readonly Compartment[] = ['desk', 'chart', 'confidential'];

/** Each compartment once, in the order of the contract. */
export function compartmentsInOrder(found: Iterable<Compartment>): readonly Compartment[] {
  const set = new Set(found);
  return COMPARTMENTS.filter((compartment) => set.has(compartment));
}

/** The values of each name, in their order; names in the order in which they first stand. */
export function groupBy<Name, Value>(
  values: Iterable<Value>,
  nameOf: (value: Value) => Name,
): Map<Name, Value[]> {
  const groups = new Map<Name, Value[]>();
  for (const value of values) {
    const name = nameOf(value);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [value]);
    else group.push(value);
  }
  return groups;
}

/** The earlier of two times, of which the first may be none yet. */
export function earlier(one: number | null, other: number): number {
  return one === null ? other : Math.min(one, other);
}
