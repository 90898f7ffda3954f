/** One chain of receipts, ordered by `prev`. */
import { compareHex, groupBy } from '../order.ts';
import type { View } from '../policy/types.ts';
import type { Hex } from '../types.ts';
import type { Completeness, Receipt } from './types.ts';

/**
 * Box keys in the order in which 2105s certified them. A later key's receipts win over those by which a former key
 * goes on from the same place.
 */
export class Generations {
  readonly #order = new Map<Hex, number>();

  constructor(view: View) {
    for (const { n, receipts } of view.epochs()) {
      if (n > 0 && !this.#order.has(receipts)) this.#order.set(receipts, this.#order.size);
    }
  }

  get(key: Hex): number | null {
    return this.#order.get(key) ?? null;
  }
}

/** The receipts of one chain that count, in chain order. */
export interface Walk {
  readonly receipts: readonly Receipt[];
  readonly completeness: Completeness;
  readonly head: Hex | null;
}

/** Receipts by the one from which they go on; `''` for first ones. */
export type ByPrev = ReadonlyMap<Hex | '', readonly Receipt[]>;

export function byPrev(receipts: readonly Receipt[]): ByPrev {
  return groupBy(receipts, ({ prev }) => prev ?? '');
}

/** A place from which receipts go on. */
interface Place {
  readonly prev: Hex | '';
  readonly generation: number;
  /** Rows before; null after a missing receipt. */
  readonly before: number | null;
}

/** Follows `prev` from the first receipt, and from each missing one. */
export function walk(receipts: readonly Receipt[], generations: Generations): Walk {
  const present = new Set(receipts.map(({ id }) => id));
  const next = byPrev(receipts);
  const missing = [...next.keys()].filter((prev) => prev !== '' && !present.has(prev));
  const places: Place[] = [{ prev: '', generation: 0, before: 0 }];
  places.push(...missing.map((prev) => ({ prev, generation: 0, before: null })));
  let gap = missing.length > 0;
  let fork = false;
  const counted: Receipt[] = [];
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const following = successors(next, place, generations);
    fork ||= following.length > 1;
    for (const { generation, receipt } of following) {
      gap ||= place.before !== null && place.before + receipt.rows.length !== receipt.n;
      counted.push(receipt);
      places.push({ prev: receipt.id, generation, before: receipt.n });
    }
  }
  counted.sort(byNumber);
  const completeness = fork ? 'fork' : gap ? 'gap' : 'whole';
  return { receipts: counted, completeness, head: fork ? null : (counted.at(-1)?.id ?? null) };
}

export function byNumber(one: Receipt, other: Receipt): number {
  return one.n - other.n || compareHex(one.id, other.id);
}

/** Those of the newest box key among the receipts that go on from here. */
function successors(next: ByPrev, place: Place, generations: Generations) {
  const dated = (next.get(place.prev) ?? []).flatMap((receipt) => {
    const generation = generations.get(receipt.signer);
    return generation === null || generation < place.generation ? [] : [{ generation, receipt }];
  });
  const newest = dated.reduce((most, { generation }) => Math.max(most, generation), -1);
  return dated.filter(({ generation }) => generation === newest);
}
