/** Messages in threads. A reply names any message of its thread; the former system named the root. */

import type { Hex } from '../types.ts';
import { Places } from './places.ts';
import { compareText, marked } from './record.ts';
import type { Item, Thread } from './types.ts';
import { Unions } from './unions.ts';
import type { Index } from './versions.ts';

/** Puts message items, already in display order, into threads. */
export function threadsOf(list: readonly Item[], index: Index): Thread[] {
  const places = new Places(list);
  const threads = new Unions();
  /** Where an absent message was first named, by its id. */
  const missing = new Map<Hex, number>();
  const namedMissing: { readonly at: number; readonly named: Hex }[] = [];
  for (const [at, item] of list.entries()) {
    for (const { marker, id } of item.versions.flatMap((version) => marked(version.record))) {
      if (marker !== 'reply') {
        continue;
      }
      const to = index.get(id);
      if (to === null) {
        namedMissing.push({ at, named: id });
        const first = missing.get(id) ?? at;
        missing.set(id, first);
        threads.join(first, at);
        continue;
      }
      const target = places.of(to.id);
      if (target !== null && to.kind === item.kind && places.attaches(at, target)) {
        threads.join(target, at);
      }
    }
  }
  return named(list, threads, namedMissing);
}

/** A thread is called by its first message; when that is not here, by the id that its replies name. */
function named(
  list: readonly Item[],
  threads: Unions,
  missing: readonly { readonly at: number; readonly named: Hex }[],
): Thread[] {
  const roots = new Map<number, Hex>();
  const inOrder = [...missing].sort((one, other) => one.at - other.at || compareText(one.named, other.named));
  for (const { at, named } of inOrder) {
    const thread = threads.of(at);
    roots.set(thread, roots.get(thread) ?? named);
  }
  const messages = new Map<number, Item[]>();
  for (const [at, item] of list.entries()) {
    const thread = threads.of(at);
    const others = messages.get(thread);
    if (others === undefined) {
      messages.set(thread, [item]);
    } else {
      others.push(item);
    }
  }
  return [...messages].map(([thread, items]) => ({
    id: roots.get(thread) ?? items[0]?.id ?? '',
    messages: items,
  }));
}
