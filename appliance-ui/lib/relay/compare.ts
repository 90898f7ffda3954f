/**
 * Which events of a filter a relay has and we do not (NIP-77), so that a phone that comes back asks for what is new
 * and not for everything. Ids say nothing about truth: what is fetched by them is checked like anything else.
 */
import type { Hex } from '../protocol/types.ts';
import type { Filter } from './frames.ts';
import type { Link } from './link.ts';

/** Bytes of one message. */
const MESSAGE_BYTES = 60_000;
/** Messages after which a relay is not believed to come to an end. */
const ROUNDS_MAX = 200;

export interface Known {
  readonly id: Hex;
  readonly created_at: number;
}

/** Ids that the relay has and `known` has not; at most so many. Rejects when the relay does not compare. */
export async function missingIds(
  link: Link,
  filter: Filter,
  known: Iterable<Known>,
  max: number,
): Promise<Hex[]> {
  // Fetched when somebody comes back, not at the first visit.
  const { nip77 } = await import('nostr-tools');
  const storage = new nip77.NegentropyStorageVector();
  for (const { id, created_at } of known) storage.insert(created_at, id);
  storage.seal();
  const negentropy = new nip77.Negentropy(storage, MESSAGE_BYTES);
  const need = new Set<Hex>();
  let rounds = 0;
  const take = (id: Hex) => {
    if (need.size < max) need.add(id);
  };
  await link.compare(filter, negentropy.initiate(), (message) => {
    rounds += 1;
    return rounds < ROUNDS_MAX ? negentropy.reconcile(message, () => {}, take) : null;
  });
  return [...need];
}
