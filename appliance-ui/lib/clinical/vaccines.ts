/**
 * Vaccines as they were given: doses by what they protect against. Facts only: whether a dose counts, and what is due,
 * is for a schedule with a named authority, which is not here.
 *
 * A combined vaccine stands in each of its groups. A vaccine without a CVX code is not put into a group by its name.
 */

import { at, listAt, textAt } from '../protocol/elements.ts';
import {
  type Chart,
  contentVersion,
  currentVersion,
  type Item,
  statusOf,
  type Version,
} from '../protocol/fold.ts';
import type { Hex } from '../protocol/types.ts';
import { type FhirDate, sortKey } from './dates.ts';
import { outsideOf } from './lists.ts';
import { CVX, codesOf, conceptText, dateOf, notesOf } from './read.ts';
import { vaccineOrder } from './vaccine-words.ts';

/** `data/cvx.json`. */
export interface CvxFile {
  readonly codes: {
    readonly [code: string]: readonly (string | number | readonly string[])[];
  };
}

export interface Cvx {
  readonly code: string;
  /** CDC's short description. */
  readonly name: string;
  readonly active: boolean;
  readonly groups: readonly string[];
}

export const loadCvx = async (): Promise<CvxFile> =>
  (await import('./data/cvx.json', { with: { type: 'json' } })).default;

/** Codes are written with two digits at least: "3" and "03" are one. */
export const cvxOf = (file: CvxFile, code: string): Cvx | null => {
  const padded = code.trim().padStart(2, '0');
  if (!Object.hasOwn(file.codes, padded)) return null;
  const [name, active, groups] = file.codes[padded] ?? [];
  if (typeof name !== 'string' || !Array.isArray(groups)) return null;
  return { code: padded, name, active: active === 1, groups };
};

export interface Dose {
  readonly item: Item;
  /** Record that says so. */
  readonly id: Hex;
  readonly given: boolean;
  readonly cvx: Cvx | null;
  /** The words of the record. */
  readonly name: string | null;
  readonly on: FhirDate | null;
  /** "spring of 2019": when nobody knew the day. */
  readonly onText: string | null;
  /** Not given here: told by the family or another office. */
  readonly reported: boolean;
  readonly origin: string | null;
  readonly lot: string | null;
  readonly maker: string | null;
  readonly site: string | null;
  readonly route: string | null;
  readonly giver: string | null;
  /** Why it was not given, as recorded. */
  readonly reason: string | null;
  /** Recorded as weaker than it should have been. */
  readonly weak: boolean;
  readonly notes: readonly string[];
}

export interface VaccineGroup {
  /** CDC's vaccine group; null: no group, `name` is all that is known. */
  readonly group: string | null;
  readonly name: string;
  /** By date; undated ones last. */
  readonly doses: readonly Dose[];
  readonly notGiven: readonly Dose[];
}

export interface Vaccines {
  readonly groups: readonly VaccineGroup[];
  /** Doses given, each counted once. */
  readonly given: number;
  readonly reported: number;
  /** Added by the family or another office, not accepted by the clinic; not in the groups. */
  readonly added: readonly Dose[];
  /** Items with two versions; none of them is in a group. */
  readonly conflicts: readonly Item[];
}

const doseOf = (item: Item, version: Version, file: CvxFile): Dose => {
  const { resource, id } = version.record;
  const [code] = codesOf(at(resource, 'vaccineCode'), CVX);
  const onText = textAt(resource, 'occurrenceString');
  return {
    item,
    id,
    given: textAt(resource, 'status') !== 'not-done',
    cvx: code === undefined ? null : cvxOf(file, code),
    name: conceptText(at(resource, 'vaccineCode')),
    on: dateOf(resource, 'occurrenceDateTime'),
    onText: onText !== null && onText.trim() !== '' ? onText : null,
    reported: at(resource, 'primarySource') === false,
    origin: conceptText(at(resource, 'reportOrigin')),
    lot: textAt(resource, 'lotNumber'),
    maker: textAt(resource, 'manufacturer', 'display'),
    site: conceptText(at(resource, 'site')),
    route: conceptText(at(resource, 'route')),
    giver: textAt(listAt(resource, 'performer')[0], 'actor', 'display'),
    reason: conceptText(at(resource, 'statusReason')),
    weak: at(resource, 'isSubpotent') === true,
    notes: notesOf(resource),
  };
};

const late = '9999-99';
const byDate = (one: Dose, other: Dose): number => {
  const [a, b] = [one.on ? sortKey(one.on) : late, other.on ? sortKey(other.on) : late];
  return a < b ? -1 : a > b ? 1 : 0;
};

/** Group, or the words of a vaccine that has none. */
const placesOf = (dose: Dose): readonly (readonly [group: string | null, name: string])[] => {
  const groups = dose.cvx?.groups ?? [];
  if (groups.length > 0) return groups.map((group) => [group, group] as const);
  return [[null, dose.cvx?.name ?? dose.name ?? '']];
};

export const vaccinesOf = (chart: Chart, file: CvxFile): Vaccines => {
  const conflicts = chart.immunizations.filter((item) => item.conflict !== null);
  const outside = outsideOf(chart, 'Immunization');
  const accepted = outside.filter((one) => !one.outside).map(({ item }) => item);
  const read = (items: readonly Item[], reported: boolean): readonly Dose[] =>
    items
      .filter((item) => item.state === 'current')
      .flatMap((item) => {
        const current = currentVersion(item);
        const version = contentVersion(item);
        const gone = current === null || statusOf(current) === 'entered-in-error';
        if (gone || version === null) return [];
        const dose = doseOf(item, version, file);
        return [reported ? { ...dose, reported } : dose];
      });
  const doses = [...read(chart.immunizations, false), ...read(accepted, true)].sort(byDate);
  const groups = new Map<string, { group: string | null; name: string; doses: Dose[]; notGiven: Dose[] }>();
  for (const dose of doses)
    for (const [group, name] of placesOf(dose)) {
      const key = `${group === null ? 'text' : 'group'} ${name}`;
      const found = groups.get(key) ?? { group, name, doses: [], notGiven: [] };
      (dose.given ? found.doses : found.notGiven).push(dose);
      groups.set(key, found);
    }
  const order = (one: VaccineGroup): number =>
    one.group === null ? Number.MAX_SAFE_INTEGER : vaccineOrder(one.group);
  const given = doses.filter((dose) => dose.given);
  return {
    groups: [...groups.values()].sort((one, other) => order(one) - order(other)),
    given: given.length,
    reported: given.filter((dose) => dose.reported).length,
    added: read(
      outside.filter((one) => one.outside).map(({ item }) => item),
      true,
    ),
    conflicts,
  };
};

/** Two doses of one group on one day: two entries of one shot, or one shot too many. Nobody here can know. */
export const sameDay = (group: VaccineGroup): boolean => {
  const days = group.doses
    .filter((dose) => dose.on?.is === 'day')
    .map((dose) => (dose.on ? sortKey(dose.on) : ''));
  return new Set(days).size < days.length;
};

/**
 * What the QR code of the card holds: plain lines that any scanner can show. Name, birth date, then for each day the
 * CVX codes given ("R": reported, given elsewhere). Not signed; the card says so.
 */
export const cardText = (
  vaccines: Vaccines,
  who: { readonly name: string; readonly born: string | null },
): string => {
  const doses = [...new Set(vaccines.groups.flatMap((group) => group.doses))].sort(byDate);
  const days = new Map<string, string[]>();
  for (const dose of doses) {
    const when = dose.on ? sortKey(dose.on) : (dose.onText ?? '?').slice(0, 20);
    const what = `${dose.cvx ? dose.cvx.code : (dose.name ?? '?').slice(0, 40)}${dose.reported ? ' R' : ''}`;
    days.set(when, [...(days.get(when) ?? []), what]);
  }
  return [
    'VACCINES (CVX codes by day, R: given elsewhere)',
    who.name,
    who.born ?? '?',
    ...[...days].map(([day, codes]) => `${day}: ${codes.join(', ')}`),
  ].join('\n');
};
