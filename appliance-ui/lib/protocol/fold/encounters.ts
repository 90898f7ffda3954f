/** Addenda go under the note they name, an addendum of an addendum under the same note. */

import { Places } from './places.ts';
import { marked } from './record.ts';
import type { Encounter, Item } from './types.ts';
import type { Index } from './versions.ts';

export function encountersOf(list: readonly Item[], index: Index): Encounter[] {
  const parents = parentsOf(list, index);
  const addenda = new Map<number, Item[]>();
  const notes: { readonly place: number; readonly item: Item }[] = [];
  for (const [place, item] of list.entries()) {
    const top = topOf(parents, place);
    if (top === place) {
      notes.push({ place, item });
      continue;
    }
    const under = addenda.get(top) ?? [];
    addenda.set(top, under);
    under.push(item);
  }
  return notes.map(({ place, item }) => ({ item, addenda: addenda.get(place) ?? [] }));
}

/** The place of the note to which each item is an addendum. */
function parentsOf(list: readonly Item[], index: Index): readonly (number | null)[] {
  const places = new Places(list, 'addendum');
  return list.map((item, at) => {
    for (const { marker, id } of item.versions.flatMap((version) => marked(version.record))) {
      const to = marker === 'addendum' ? index.get(id) : null;
      const parent = to === null ? null : places.of(to.id);
      if (parent !== null && parent !== at && places.attaches(at, parent)) {
        return parent;
      }
    }
    return null;
  });
}

function topOf(parents: readonly (number | null)[], start: number): number {
  let place = start;
  // As many steps as there are notes is the most that a chain of addenda can take.
  for (let step = 0; step < parents.length; step += 1) {
    const next = parents[place] ?? null;
    if (next === null) {
      return place;
    }
    place = next;
  }
  return start;
}
