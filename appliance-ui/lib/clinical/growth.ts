/**
 * Growth references of a US practice: WHO (2006) from birth through day 730, CDC (2000) from day 731 to 20 years.
 *
 * Rules
 *  - One age decides table, row and place on the axis. Born before 37 weeks it is the age from the due date through
 *    day 730 of life, and the age from birth later.
 *  - WHO has a row for each day: nothing is interpolated by age, least of all from day 730 to 731, where lying
 *    changes to standing (the median drops by 0.7 cm). CDC interpolates L, M and S linearly by exact months
 *    (days / 30.4375), as CDC's own program does.
 *  - Without a known sex there is no reference. A length of the wrong position has none either.
 *  - BMI is for CDC ages; before, weight for length. Above the 95th percentile of BMI the extended method of CDC
 *    (2022; Wei et al. 2020) applies.
 *
 * Not here: velocity, preterm (Fenton) and syndrome charts, categories of any kind.
 */
import { below, zBelow } from './normal.ts';

export type GrowthSex = 'female' | 'male';
export type Measure = 'weight' | 'length' | 'head' | 'bmi' | 'weight-for-length';
export type Reference = 'who' | 'cdc';

/** Box–Cox power, median, coefficient of variation. */
export interface Lms {
  readonly l: number;
  readonly m: number;
  readonly s: number;
}

interface RawTable {
  readonly x: readonly number[] | { readonly from: number; readonly step: number; readonly rows: number };
  readonly L: readonly number[] | number;
  readonly M: readonly number[] | number;
  readonly S: readonly number[] | number;
}

/** One of `data/growth-*.json`. */
export interface GrowthFile {
  readonly tables: { readonly [name: string]: RawTable };
}

/** What the rules below read. */
export interface GrowthTables {
  readonly who: GrowthFile;
  readonly cdc: GrowthFile;
}

/** Through this day of life WHO, from the next CDC. */
export const lastWhoDay = 730;
export const daysPerMonth = 30.4375;
/** Days of a pregnancy of forty weeks. */
const termDays = 280;
/** Completed weeks from which nothing is corrected. */
const termWeeks = 37;

/** Fetches the tables: 54 KB compressed, so only pages that draw or score load them. */
export const loadGrowth = async (): Promise<GrowthTables> => {
  const [who, cdc] = await Promise.all([
    import('./data/growth-who.json', { with: { type: 'json' } }),
    import('./data/growth-cdc.json', { with: { type: 'json' } }),
  ]);
  return { who: who.default, cdc: cdc.default };
};

export const referenceAt = (ageDays: number): Reference => (ageDays <= lastWhoDay ? 'who' : 'cdc');

/** Days taken off the age of a child born before 37 weeks, through day 730 of life. */
export const correction = (ageDays: number, gestationDays: number | null): number =>
  gestationDays !== null && gestationDays < termWeeks * 7 && ageDays <= lastWhoDay
    ? termDays - gestationDays
    : 0;

const cell = (column: readonly number[] | number, row: number): number =>
  typeof column === 'number' ? column : (column[row] ?? Number.NaN);

const rowAt = (table: RawTable, row: number): Lms => ({
  l: cell(table.L, row),
  m: cell(table.M, row),
  s: cell(table.S, row),
});

/** Row of an exact x; null between rows and outside the table. */
export const exact = (table: RawTable, x: number): Lms | null => {
  if (!('from' in table.x)) return null;
  const row = (x - table.x.from) / table.x.step;
  const near = Math.round(row);
  if (Math.abs(row - near) > 1e-6 || near < 0 || near >= table.x.rows) return null;
  return rowAt(table, near);
};

/** Linear between rows; null outside the table. */
export const between = (table: RawTable, x: number): Lms | null => {
  const axis = table.x;
  const rows = 'from' in axis ? axis.rows : axis.length;
  const at = (row: number): number =>
    'from' in axis ? axis.from + row * axis.step : (axis[row] ?? Number.NaN);
  if (!(x >= at(0) - 1e-9 && x <= at(rows - 1) + 1e-9)) return null;
  let low = 0;
  let high = rows - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (at(middle) <= x) low = middle;
    else high = middle;
  }
  const part = Math.min(1, Math.max(0, (x - at(low)) / (at(high) - at(low))));
  const [p, q] = [rowAt(table, low), rowAt(table, high)];
  const mix = (one: number, other: number): number => one + (other - one) * part;
  return { l: mix(p.l, q.l), m: mix(p.m, q.m), s: mix(p.s, q.s) };
};

const table = (file: GrowthFile, measure: Measure | 'weight-for-height', sex: GrowthSex): RawTable | null =>
  file.tables[`${measure}/${sex === 'female' ? 'f' : 'm'}`] ?? null;

/** L, M and S at an age in whole days; null where the reference has none. */
export const lmsByAge = (
  tables: GrowthTables,
  measure: Exclude<Measure, 'weight-for-length'>,
  sex: GrowthSex,
  ageDays: number,
): Lms | null => {
  if (!Number.isInteger(ageDays) || ageDays < 0) return null;
  const reference = referenceAt(ageDays);
  const found = table(tables[reference], measure, sex);
  if (!found) return null;
  return reference === 'who' ? exact(found, ageDays) : between(found, ageDays / daysPerMonth);
};

/** WHO weight for length, 45–110 cm; rows stand 0.1 cm apart. */
export const lmsByLength = (tables: GrowthTables, sex: GrowthSex, cm: number): Lms | null => {
  const found = table(tables.who, 'weight-for-length', sex);
  return found ? between(found, cm) : null;
};

/** The value at a z-score. */
export const valueAt = ({ l, m, s }: Lms, z: number): number =>
  Math.abs(l) < 1e-9 ? m * Math.exp(s * z) : m * (1 + l * s * z) ** (1 / l);

/** The z-score of a value, as CDC computes it. */
export const zOf = ({ l, m, s }: Lms, value: number): number =>
  Math.abs(l) < 1e-9 ? Math.log(value / m) / s : ((value / m) ** l - 1) / (l * s);

/**
 * WHO's z-score of a weight: beyond ±3 it goes on in steps of the distance from 2 to 3, because measured data end
 * there (WHO Child Growth Standards, Methods and development, 2006, chapter 7).
 */
export const whoWeightZ = (lms: Lms, value: number): number => {
  const z = zOf(lms, value);
  if (!(Math.abs(z) > 3)) return z;
  const side = Math.sign(z);
  const third = valueAt(lms, 3 * side);
  return side * (3 + (value - third) / (third - valueAt(lms, 2 * side)));
};

/** z of the 95th percentile, as CDC writes it. */
const z95 = 1.6448536;

/** BMI's 95th percentile, and the spread above it at an age in months (Wei et al. 2020; CDC 2022). */
export const extendedBmi = (lms: Lms, sex: GrowthSex, months: number): { p95: number; sigma: number } => {
  const years = months / 12;
  const sigma =
    sex === 'male'
      ? 0.3728 + 0.5196 * years - 0.0091 * years * years
      : 0.8334 + 0.3712 * years - 0.0011 * years * years;
  return { p95: valueAt(lms, z95), sigma };
};

export interface Score {
  readonly z: number;
  /** 0 < p < 100. */
  readonly percentile: number;
}

/** A BMI at an age in months, on CDC's curves and above the 95th percentile on the extended ones. */
export const scoreBmi = (lms: Lms, sex: GrowthSex, months: number, bmi: number): Score => {
  const { p95, sigma } = extendedBmi(lms, sex, months);
  if (bmi <= p95) {
    const z = zOf(lms, bmi);
    return { z, percentile: 100 * below(z) };
  }
  const above = 0.1 * below(-(bmi - p95) / sigma);
  return { z: -zBelow(above), percentile: 100 * (1 - above) };
};

/** What is asked of a reference: a value, and the one age that it is judged by. */
export interface Asked {
  readonly measure: Measure;
  readonly sex: GrowthSex;
  /** Whole days: corrected or since birth, as `correction` says. */
  readonly ageDays: number;
  /** kg, cm, cm, kg/m², kg. */
  readonly value: number;
  /** For weight for length, in cm. */
  readonly length?: number;
}

/** Null where no reference holds: outside the tables, BMI before and weight for length after day 730. */
export const score = (tables: GrowthTables, asked: Asked): Score | null => {
  const { measure, sex, ageDays, value } = asked;
  if (!(value > 0)) return null;
  const who = referenceAt(ageDays) === 'who';
  let z: number;
  if (measure === 'weight-for-length') {
    const lms = who && asked.length !== undefined ? lmsByLength(tables, sex, asked.length) : null;
    if (!lms) return null;
    z = whoWeightZ(lms, value);
  } else {
    const lms = lmsByAge(tables, measure, sex, ageDays);
    if (!lms) return null;
    if (measure === 'bmi') return scoreBmi(lms, sex, ageDays / daysPerMonth, value);
    z = who && measure === 'weight' ? whoWeightZ(lms, value) : zOf(lms, value);
  }
  return Number.isFinite(z) ? { z, percentile: 100 * below(z) } : null;
};

export type CurvePoint = readonly [x: number, value: number];

/** A percentile line by age. x in days, from the first to the last day asked for that the reference has. */
export const curveByAge = (
  tables: GrowthTables,
  measure: Exclude<Measure, 'weight-for-length'>,
  sex: GrowthSex,
  percentile: number,
  days: { readonly from: number; readonly to: number; readonly step: number },
): readonly CurvePoint[] => {
  const z = zBelow(percentile / 100);
  const points: CurvePoint[] = [];
  for (let day = days.from; ; day = Math.min(day + days.step, days.to)) {
    const lms = lmsByAge(tables, measure, sex, day);
    if (lms) {
      const value =
        measure === 'bmi' && percentile > 95
          ? extendedValue(lms, sex, day / daysPerMonth, percentile)
          : valueAt(lms, z);
      points.push([day, value]);
    }
    if (day >= days.to) return points;
  }
};

const extendedValue = (lms: Lms, sex: GrowthSex, months: number, percentile: number): number => {
  const { p95, sigma } = extendedBmi(lms, sex, months);
  return p95 + sigma * zBelow((percentile - 90) / 10);
};

/** A percentile line by length in cm. */
export const curveByLength = (
  tables: GrowthTables,
  sex: GrowthSex,
  percentile: number,
  from: number,
  to: number,
): readonly CurvePoint[] => {
  const z = zBelow(percentile / 100);
  const points: CurvePoint[] = [];
  for (let cm = Math.max(45, Math.ceil(from)); cm <= Math.min(110, to); cm += 1) {
    const lms = lmsByLength(tables, sex, cm);
    if (lms) points.push([cm, valueAt(lms, z)]);
  }
  return points;
};
