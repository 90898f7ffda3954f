/** Retries among the outcomes of one read (docs/ref/protocol.md 2.8.9). */
import { join } from '../fold.ts';
import type { Hex } from '../types.ts';
import type { Outcome } from './types.ts';

/** Names retries and those that differ (2.8.9); only shown records take part. */
export function joinRetries(outcomes: ReadonlyMap<Hex, Outcome>): Map<Hex, Outcome> {
  const shown = [...outcomes.values()].flatMap((outcome) => (outcome.is === 'shown' ? [outcome.record] : []));
  const { records, differing } = join(shown);
  const joined = new Map(outcomes);
  for (const id of differing) joined.set(id, { is: 'quarantine', reason: 'retry-differs' });
  for (const record of records) {
    if (record.aliases.length === 0) continue;
    for (const alias of record.aliases) joined.set(alias, { is: 'alias', of: record.id });
    const outcome = joined.get(record.id);
    if (outcome?.is === 'shown') joined.set(record.id, { ...outcome, record });
  }
  return joined;
}
