/**
 * Versions: which records are one item, which of them stand at the head, and where two successors of one event are
 * a conflict.
 */

import { sameJson, textAt } from '../elements.ts';
import { kinds } from '../kinds.ts';
import type { Hex } from '../types.ts';
import { changeOf, contentOnly, ends, marked, reissued, replaces } from './record.ts';
import type { Item, Marker, Record, Version, Why } from './types.ts';

/** The version in force; null while there is a conflict. */
export function currentVersion(item: Item): Version | null {
  return item.conflict === null ? (headVersions(item)[0] ?? null) : null;
}

/**
 * The version whose body says what the item is: the one in force, or what it ended, for a tombstone of the former
 * system has no name of its own. Null while there is a conflict.
 */
export function contentVersion(item: Item): Version | null {
  const current = currentVersion(item);
  if (current === null || !endsSomething(current)) {
    return current;
  }
  return item.versions.findLast((version) => !endsSomething(version)) ?? current;
}

function endsSomething(version: Version): boolean {
  return version.marker !== null && ends(version.marker);
}

/** The versions at the heads. */
export function headVersions(item: Item): readonly Version[] {
  if (item.versions.length === 1) {
    return item.versions;
  }
  const heads = new Set(item.heads);
  return item.versions.filter((version) => heads.has(version.record.id));
}

/** FHIR status of a version: `clinicalStatus` of problems and allergies, else `status`. Null when it has none. */
export function statusOf(version: Version): string | null {
  const { resource } = version.record;
  return (
    textAt(resource, 'clinicalStatus', 'coding', 0, 'code') ??
    textAt(resource, 'clinicalStatus') ??
    textAt(resource, 'status')
  );
}

/** True when any version or retry of this item has the id. */
export function hasId(item: Item, id: Hex): boolean {
  return item.versions.some(({ record }) => record.id === id || record.aliases.includes(id));
}

/** Records by id, retries and re-issues included. */
export class Index {
  readonly records: readonly Record[];
  readonly #byId: ReadonlyMap<Hex, number>;

  /** Takes joined records and makes re-issued confidential records one with what they repeat. */
  constructor(joined: readonly Record[]) {
    this.records = withoutRepeats(joined);
    this.#byId = placesOf(this.records);
  }

  get(id: Hex): Record | null {
    return this.records[this.placeOf(id) ?? -1] ?? null;
  }

  placeOf(id: Hex): number | null {
    return this.#byId.get(id) ?? null;
  }
}

function placesOf(records: readonly Record[]): ReadonlyMap<Hex, number> {
  const byId = new Map<Hex, number>();
  for (const [place, record] of records.entries()) {
    for (const id of [record.id, ...record.aliases]) {
      if (!byId.has(id)) {
        byId.set(id, place);
      }
    }
  }
  return byId;
}

function withoutRepeats(records: readonly Record[]): readonly Record[] {
  const byId = placesOf(records);
  const onto = new Map<number, number>();
  for (const [place, record] of records.entries()) {
    const first = repeated(records, byId, record);
    if (first !== null) {
      onto.set(place, first);
    }
  }
  const more = new Map<number, Hex[]>();
  for (const place of onto.keys()) {
    const end = endOf(onto, place);
    const record = records[place];
    if (record !== undefined) {
      more.set(end, [...(more.get(end) ?? []), record.id, ...record.aliases]);
    }
  }
  const kept = records.map((record, place) => {
    const ids = more.get(place) ?? [];
    const aliases = [...record.aliases, ...ids];
    return aliases.length > 1 || ids.length > 0 ? { ...record, aliases: aliases.sort() } : record;
  });
  return kept.filter((_, place) => !onto.has(place));
}

function endOf(onto: ReadonlyMap<number, number>, place: number): number {
  let here = place;
  for (let next = onto.get(here); next !== undefined; next = onto.get(here)) {
    here = next;
  }
  return here;
}

/** The record that `record` issues again: marker correction, change code `reissued`, equal content. */
function repeated(records: readonly Record[], byId: ReadonlyMap<Hex, number>, record: Record): number | null {
  if (changeOf(record.resource)?.code !== reissued) {
    return null;
  }
  const named = marked(record).find((link) => link.marker === 'correction');
  const place = named === undefined ? undefined : byId.get(named.id);
  const first = records[place ?? -1];
  if (place === undefined || first === undefined) {
    return null;
  }
  const same =
    first.id !== record.id &&
    first.kind === record.kind &&
    first.compartment === record.compartment &&
    first.author !== 'family' &&
    record.author !== 'family' &&
    sameJson(contentOnly(first.resource), contentOnly(record.resource));
  return same ? place : null;
}

/**
 * Why a link to a record that is present does not hold, or null. References never cross compartments, imports
 * apart, whose compartment is always `chart`.
 */
export function refusedLink(line: ReadonlySet<Hex>, from: Record, to: Record, marker: Marker): Why | null {
  const crosses = from.compartment !== to.compartment && to.author !== 'former';
  if (crosses || (replaces(marker) && from.kind !== to.kind)) {
    return 'other-record';
  }
  const own = from.signer === to.signer || (line.has(from.signer) && line.has(to.signer));
  const may = from.author !== 'family' || own || from.kind === kinds.visit;
  const accepts = marker === 'accept' && from.author === 'family';
  return accepts || (replaces(marker) && !may) ? 'not-own' : null;
}
