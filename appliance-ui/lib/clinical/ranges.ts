/**
 * Reference limits by age and sex for results that come without a range of their own. Each row has a published
 * source; what is not here is unknown, and a page says so. A laboratory's own range always wins over this table.
 *
 * A screening limit is no diagnosis. Values are for sea level. No row has been reviewed by a clinician of ours yet
 * (`reviewed`); the about page says so.
 */
import type { GrowthSex } from './growth.ts';

export interface Bound {
  readonly value: number;
  /** The bound itself is inside. */
  readonly inside: boolean;
}

export interface Limits {
  readonly low: Bound | null;
  readonly high: Bound | null;
}

export const rangeSources = {
  'cdc-1998': {
    title: 'CDC: Recommendations to prevent and control iron deficiency in the United States, table 6',
    where: 'MMWR 1998;47(RR-3)',
    terms: 'Work of the US government',
  },
  'cdc-2021': {
    title: 'CDC: Blood lead reference value',
    where: 'MMWR 2021;70(43):1509–1512',
    terms: 'Work of the US government',
  },
  'nhlbi-2011': {
    title:
      'NHLBI: Expert panel on cardiovascular health in children and adolescents, acceptable values of lipids',
    where: 'NIH publication 12-7486, 2012 (Pediatrics 2011;128:S213)',
    terms: 'Work of the US government',
  },
  'who-2020': {
    title: 'WHO: Guideline on use of ferritin concentrations to assess iron status, table 1',
    where: 'Geneva 2020, ISBN 978-92-4-000012-4',
    terms: 'Single figures, cited',
  },
} as const;
export type RangeSource = keyof typeof rangeSources;

export interface RangeRow extends Limits {
  readonly loinc: readonly string[];
  /** UCUM codes with the same scale. */
  readonly units: readonly string[];
  /** Completed months, from and up to but not including; null: no end. */
  readonly from: number;
  readonly to: number | null;
  /** Null: the same for both. */
  readonly sex: GrowthSex | null;
  readonly source: RangeSource;
  readonly reviewed: boolean;
}

const atLeast = (value: number): Limits => ({ low: { value, inside: true }, high: null });
const lessThan = (value: number): Limits => ({ low: null, high: { value, inside: false } });
const moreThan = (value: number): Limits => ({ low: { value, inside: false }, high: null });

type Years = readonly [from: number, to: number | null];
const row = (
  loinc: readonly string[],
  units: readonly string[],
  [from, to]: Years,
  sex: GrowthSex | null,
  limits: Limits,
  source: RangeSource,
): RangeRow => ({
  loinc,
  units,
  from: from * 12,
  to: to === null ? null : to * 12,
  sex,
  ...limits,
  source,
  reviewed: false,
});

const hemoglobin = ['718-7', '20509-6', '30313-1', '30350-3'] as const;
const hematocrit = ['4544-3', '20570-8'] as const;
const lead = ['77307-7', '5671-3', '10368-9'] as const;
const ferritin = ['2276-4', '20567-4'] as const;

/** Ages, hemoglobin (g/dL), hematocrit (%). The values of one year hold from six months on (footnote of the table). */
const anemia: readonly (readonly [Years, GrowthSex | null, number, number])[] = [
  [[0.5, 2], null, 11.0, 32.9],
  [[2, 5], null, 11.1, 33.0],
  [[5, 8], null, 11.5, 34.5],
  [[8, 12], null, 11.9, 35.4],
  [[12, 15], 'male', 12.5, 37.3],
  [[15, 18], 'male', 13.3, 39.7],
  [[18, null], 'male', 13.5, 39.9],
  [[12, 15], 'female', 11.8, 35.7],
  [[15, 18], 'female', 12.0, 35.9],
  [[18, null], 'female', 12.0, 35.7],
];

export const rangeRows: readonly RangeRow[] = [
  ...anemia.flatMap(([ages, sex, hb, hct]) => [
    row(hemoglobin, ['g/dL'], ages, sex, atLeast(hb), 'cdc-1998'),
    row(hematocrit, ['%'], ages, sex, atLeast(hct), 'cdc-1998'),
  ]),
  row(lead, ['ug/dL'], [1, 6], null, lessThan(3.5), 'cdc-2021'),
  row(['2093-3'], ['mg/dL'], [0, 20], null, lessThan(170), 'nhlbi-2011'),
  row(['2089-1', '13457-7', '18262-6'], ['mg/dL'], [0, 20], null, lessThan(110), 'nhlbi-2011'),
  row(['43396-1'], ['mg/dL'], [0, 20], null, lessThan(120), 'nhlbi-2011'),
  row(['2085-9'], ['mg/dL'], [0, 20], null, moreThan(45), 'nhlbi-2011'),
  // Fasting only: other triglycerides have no row.
  row(['3048-6'], ['mg/dL'], [0, 10], null, lessThan(75), 'nhlbi-2011'),
  row(['3048-6'], ['mg/dL'], [10, 20], null, lessThan(90), 'nhlbi-2011'),
  row(ferritin, ['ng/mL', 'ug/L'], [0, 5], null, atLeast(12), 'who-2020'),
  row(ferritin, ['ng/mL', 'ug/L'], [5, 20], null, atLeast(15), 'who-2020'),
];

/** Who the result is of, on the day it was taken. */
export interface Who {
  /** Completed months; null when the birth date or the day is not known. */
  readonly months: number | null;
  readonly sex: GrowthSex | null;
}

/** Null: unknown. Exactly one row must fit. */
export const tableRange = (loinc: readonly string[], unit: string, who: Who): RangeRow | null => {
  const { months, sex } = who;
  if (months === null) return null;
  const fits = rangeRows.filter(
    (one) =>
      one.loinc.some((code) => loinc.includes(code)) &&
      one.units.includes(unit) &&
      months >= one.from &&
      (one.to === null || months < one.to) &&
      (one.sex === null || one.sex === sex),
  );
  const [only] = fits;
  return fits.length === 1 && only !== undefined ? only : null;
};
