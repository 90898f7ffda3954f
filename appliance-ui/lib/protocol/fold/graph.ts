/** The predecessors of all records of one kind, and the items that they make. */

import { textAt } from '../elements.ts';
import { kinds } from '../kinds.ts';
import type { Hex } from '../types.ts';
import { byDisplay, changeOf, compareText, ends, marked, replaces, replacing } from './record.ts';
import type { Item, ItemState, Record, Unresolved, Version } from './types.ts';
import { Unions } from './unions.ts';
import { headVersions, type Index, refusedLink } from './versions.ts';

/** A predecessor: the place of a record here, or an id that is not. */
type Before = number | Hex;

/** Records first, by place; then absent ones, by id. */
function compareBefore(one: Before, other: Before): number {
  if (typeof one === 'number' && typeof other === 'number') {
    return one - other;
  }
  if (typeof one === 'string' && typeof other === 'string') {
    return compareText(one, other);
  }
  return typeof one === 'number' ? -1 : 1;
}

/** Records of one kind, joined to items. */
export function itemsOf(
  line: ReadonlySet<Hex>,
  index: Index,
  places: readonly number[],
  unresolved: Unresolved[],
): Item[] {
  const members = [...places].sort((one, other) => byDisplay(recordAt(index, one), recordAt(index, other)));
  const first = members[0];
  const demographics = first !== undefined && recordAt(index, first).kind === kinds.patient;
  const graph = new Graph(index);
  for (const place of members) {
    graph.add(line, place, unresolved);
  }
  graph.orderImports(members, demographics);
  return graph.groups(members, demographics).flatMap((group) => graph.item(group) ?? []);
}

function recordAt(index: Index, place: number): Record {
  const record = index.records[place];
  if (record === undefined) {
    throw new RangeError('no record at this place');
  }
  return record;
}

class Graph {
  readonly #index: Index;
  /** Sorted. */
  readonly #before = new Map<number, readonly Before[]>();
  /** Tombstones whose link does not hold: listed as unresolved, never as an item without a name. */
  readonly #dropped = new Set<number>();

  constructor(index: Index) {
    this.#index = index;
  }

  add(line: ReadonlySet<Hex>, place: number, unresolved: Unresolved[]): void {
    const record = recordAt(this.#index, place);
    const before = new Set<Before>();
    let refused = false;
    for (const { marker, id } of marked(record)) {
      const to = this.#index.placeOf(id);
      if (!replaces(marker) || to === place) {
        continue;
      }
      const why = to === null ? 'missing' : refusedLink(line, record, recordAt(this.#index, to), marker);
      if (why !== null) {
        unresolved.push({ id: record.id, kind: record.kind, names: id, why });
      }
      if (why === null || why === 'missing') {
        before.add(to ?? id);
      }
      refused ||= why !== null && (why !== 'missing' || record.author === 'former');
    }
    const marker = replacing(record);
    const stands = [...before].some((one) => typeof one === 'number');
    if (refused && marker !== null && ends(marker) && !stands) {
      this.#dropped.add(place);
    }
    this.#before.set(place, [...before].sort(compareBefore));
  }

  /**
   * The former system named the root in each change and let the newest one win: its changes of one event are a row,
   * not a conflict. Its demographics named nothing; the row of them stands before ours.
   */
  orderImports(members: readonly number[], demographics: boolean): void {
    const last = new Map<Before | null, number>();
    for (const place of members) {
      const before = this.#before.get(place) ?? [];
      const slot = demographics ? null : (before[0] ?? null);
      const previous = last.get(slot);
      if (recordAt(this.#index, place).author === 'former') {
        // One predecessor or none: with more, a row could turn back on itself.
        if (previous !== undefined && (demographics || before.length === 1)) {
          this.#before.set(place, [previous]);
        }
        last.set(slot, place);
      } else if (demographics && before.length === 0 && previous !== undefined) {
        this.#before.set(place, [previous]);
      }
    }
  }

  /** Places that are joined by predecessors, absent ones included; all registrations are one group. */
  groups(members: readonly number[], demographics: boolean): number[][] {
    const sets = new Unions();
    const absent = new Map<Hex, number>();
    const counted = members.filter((place) => !this.#dropped.has(place));
    const first = counted[0];
    for (const place of counted) {
      if (demographics && first !== undefined) {
        sets.join(first, place);
      }
      for (const before of this.#before.get(place) ?? []) {
        if (typeof before === 'number') {
          sets.join(before, place);
          continue;
        }
        const known = absent.get(before) ?? place;
        absent.set(before, known);
        sets.join(known, place);
      }
    }
    const groups = new Map<number, number[]>();
    for (const place of counted) {
      const group = groups.get(sets.of(place)) ?? [];
      groups.set(sets.of(place), group);
      group.push(place);
    }
    return [...groups.values()];
  }

  /** The group with predecessors before successors whatever arrived first, ties by display order. */
  #sorted(group: readonly number[]): number[] {
    const waits = new Map<number, number>();
    const frees = new Map<number, number[]>();
    for (const place of group) {
      for (const before of this.#before.get(place) ?? []) {
        // Nothing waits for a tombstone that is no item.
        if (typeof before === 'number' && !this.#dropped.has(before)) {
          waits.set(place, (waits.get(place) ?? 0) + 1);
          const freed = frees.get(before) ?? [];
          frees.set(before, freed);
          freed.push(place);
        }
      }
    }
    const later = (one: number, other: number) =>
      byDisplay(recordAt(this.#index, other), recordAt(this.#index, one)) || other - one;
    // The next one stands at the end.
    const ready = group.filter((place) => !waits.has(place)).sort(later);
    const out: number[] = [];
    for (let place = ready.pop(); place !== undefined; place = ready.pop()) {
      out.push(place);
      for (const next of frees.get(place) ?? []) {
        const left = (waits.get(next) ?? 0) - 1;
        waits.set(next, left);
        if (left === 0) {
          insert(ready, next, later);
        }
      }
      frees.delete(place);
    }
    return out;
  }

  item(group: readonly number[]): Item | null {
    const ordered = this.#sorted(group);
    const successors = new Map<Before, number>();
    for (const before of group.flatMap((place) => this.#before.get(place) ?? [])) {
      successors.set(before, (successors.get(before) ?? 0) + 1);
    }
    const idOf = (before: Before) => (typeof before === 'number' ? recordAt(this.#index, before).id : before);
    const named = [...successors.keys()].sort(compareBefore);
    const versions = ordered.map((place): Version => {
      const record = recordAt(this.#index, place);
      return {
        record,
        marker: replacing(record),
        replaces: (this.#before.get(place) ?? []).map(idOf),
        change: changeOf(record.resource),
      };
    });
    const first = versions[0];
    if (first === undefined) {
      return null;
    }
    const heads = ordered.filter((place) => !successors.has(place)).map(idOf);
    const of = named.filter((before) => (successors.get(before) ?? 0) > 1).map(idOf);
    const item: Item = {
      id: first.record.id,
      kind: first.record.kind,
      versions,
      heads,
      conflict: heads.length > 1 ? { heads, of } : null,
      state: 'current',
      missing: named.filter((before) => typeof before === 'string'),
      attached: [],
    };
    return { ...item, state: stateOf(item) };
  }
}

function insert(list: number[], value: number, compare: (one: number, other: number) => number): void {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const there = list[middle];
    if (there !== undefined && compare(there, value) < 0) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  list.splice(from, 0, value);
}

/** An item is withdrawn or cancelled only when every head says so. */
function stateOf(item: Item): ItemState {
  const states = new Set(headVersions(item).map(versionState));
  const [state] = states;
  return states.size === 1 && state !== undefined ? state : 'current';
}

function versionState({ record, marker }: Version): ItemState {
  const status = textAt(record.resource, 'status');
  const verification = textAt(record.resource, 'verificationStatus', 'coding', 0, 'code');
  if (status === 'entered-in-error' || verification === 'entered-in-error') {
    return 'withdrawn';
  }
  if (marker === 'deletion') {
    // The former system wrote "discontinued" as a deletion; the medicine was taken all the same.
    return status === 'stopped' && record.kind === kinds.medication ? 'current' : 'withdrawn';
  }
  return marker === 'cancelled' || status === 'revoked' || status === 'cancelled' ? 'cancelled' : 'current';
}
