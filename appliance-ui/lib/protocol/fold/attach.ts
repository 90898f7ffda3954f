/** What attaches to what: addendum, result, accept, reply and ref, checked as every link is. */

import { textAt } from '../elements.ts';
import { kinds } from '../kinds.ts';
import type { Hex } from '../types.ts';
import { compareText, type Marked, marked, markerRank, replaces } from './record.ts';
import type { Item, Record, Unresolved } from './types.ts';
import { type Index, refusedLink } from './versions.ts';

/** Follows every attaching link, and gives what attaches to any version of an item. */
export function attachedOf(
  line: ReadonlySet<Hex>,
  index: Index,
  unresolved: Unresolved[],
): (item: Item) => readonly Marked[] {
  const attached = new Map<Hex, Marked[]>();
  for (const record of index.records) {
    for (const { marker, id } of [...marked(record), ...formerBasis(record)]) {
      if (replaces(marker)) {
        continue;
      }
      const to = index.get(id);
      const why = to === null ? 'missing' : refusedLink(line, record, to, marker);
      if (to === null || why !== null) {
        unresolved.push({ id: record.id, kind: record.kind, names: id, why: why ?? 'missing' });
        continue;
      }
      const list = attached.get(to.id) ?? [];
      attached.set(to.id, list);
      list.push({ marker, id: record.id });
    }
  }
  return (item) => inOrder(item.versions.flatMap(({ record }) => attached.get(record.id) ?? []));
}

/** By marker, then by id, each once. */
function inOrder(list: readonly Marked[]): readonly Marked[] {
  const once = new Map(list.map((one) => [`${one.marker} ${one.id}`, one]));
  return [...once.values()].sort(
    (one, other) => markerRank(one.marker) - markerRank(other.marker) || compareText(one.id, other.id),
  );
}

/** Reports of the former system that name their order in the body only: `basedOn` holds an event id. */
function formerBasis(record: Record): readonly Marked[] {
  if (record.author !== 'former' || record.kind !== kinds.report) {
    return [];
  }
  const reference = textAt(record.resource, 'basedOn', 0, 'reference') ?? '';
  const id = /^ServiceRequest\/([0-9a-fA-F]{64})$/.exec(reference)?.[1]?.toLowerCase();
  return id === undefined ? [] : [{ marker: 'result', id }];
}
