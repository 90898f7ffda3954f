/** Events of one signer with one `r` are one act (2.1, 2.8.9): a lost OK makes no second dose. */

import type { Hex } from '../types.ts';
import { byReceipt } from './record.ts';
import type { Record } from './types.ts';

export interface Joined {
  /** In receipt order; the first of each act bears the ids of its retries as aliases. */
  readonly records: readonly Record[];
  /**
   * Ids of events that share signer and `r` with an earlier one and differ in what a retry may not change; they
   * leave the list (reason `retry-differs`).
   */
  readonly differing: readonly Hex[];
}

/** Joins retries. An id that stands twice counts once. */
export function join(records: readonly Record[]): Joined {
  const seen = new Set<Hex>();
  const kept: Record[] = [];
  const placeOf = new Map<string, number>();
  const aliases = new Map<number, Hex[]>();
  const differing: Hex[] = [];
  for (const record of [...records].sort(byReceipt)) {
    if (seen.has(record.id)) {
      continue;
    }
    seen.add(record.id);
    const act = record.act === null ? null : `${record.signer}${record.act.r}`;
    const place = act === null ? undefined : placeOf.get(act);
    if (place === undefined) {
      if (act !== null) {
        placeOf.set(act, kept.length);
      }
      kept.push(record);
    } else if (kept[place]?.act?.same === record.act?.same) {
      const others = aliases.get(place) ?? [];
      others.push(record.id);
      aliases.set(place, others);
    } else {
      differing.push(record.id);
    }
  }
  const withAliases = kept.map((record, place) => {
    const more = aliases.get(place);
    return more === undefined ? record : { ...record, aliases: [...record.aliases, ...more] };
  });
  return { records: withAliases, differing };
}
