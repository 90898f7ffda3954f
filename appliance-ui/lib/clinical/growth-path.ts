/**
 * A child's measurements as points of growth: what was measured, at what age, and where it stands among children of
 * that age. Reads a folded chart; draws nothing.
 *
 * A value counts only when it is in force (no conflict, not withdrawn), has a day and a certain unit. What does not
 * count is handed back with its reason, so that a page can say so: nothing disappears.
 */
import { type Chart, contentVersion, currentVersion, type Item, statusOf } from '../protocol/fold.ts';
import type { Hex } from '../protocol/types.ts';
import { type Civil, dayNumber, dayOf } from './dates.ts';
import {
  correction,
  type GrowthSex,
  type GrowthTables,
  type Measure,
  type Reference,
  referenceAt,
  type Score,
  score,
} from './growth.ts';
import { type Position, type Reading, readingOf, type Sign } from './vitals.ts';

/** Why a point has no place among other children. */
export type Unscored = 'sex' | 'position' | 'before-term' | 'outside';

export interface GrowthPoint {
  /** Record of the value; for a pair, of its weight. */
  readonly id: Hex;
  readonly day: Civil;
  /** Days since birth. */
  readonly ageDays: number;
  /** Days taken off for an early birth. Place on the axis and reference go by `ageDays - corrected`. */
  readonly corrected: number;
  /** kg, cm, cm, kg/m², kg. */
  readonly value: number;
  /** Of a weight for length, in cm. */
  readonly length: number | null;
  readonly position: Position;
  readonly reference: Reference;
  readonly score: Score | null;
  readonly unscored: Unscored | null;
}

/** A measurement that is no point. */
export interface NotAPoint {
  readonly item: Item;
  readonly reading: Reading | null;
  /** `date`: no day, or one before birth. */
  readonly why: 'conflict' | 'unit' | 'date';
}

export interface Growth {
  readonly points: { readonly [measure in Measure]: readonly GrowthPoint[] };
  readonly left: { readonly [measure in Measure]: readonly NotAPoint[] };
  /** Days of pregnancy, where one value is recorded. */
  readonly gestation: number | null;
  /** Several different lengths of pregnancy are recorded; none is used. */
  readonly gestationUnclear: boolean;
}

/** A weight and a height make a BMI only when taken within this many days. */
export const pairDays = 30;

interface Measured {
  readonly id: Hex;
  readonly day: Civil;
  /** `dayNumber` of the day: pairs are looked for among thousands. */
  readonly at: number;
  readonly number: number;
  readonly position: Position;
}

const inForce = (item: Item): boolean => {
  const current = currentVersion(item);
  const status = current === null ? null : statusOf(current);
  return item.state === 'current' && status !== 'entered-in-error' && status !== 'cancelled';
};

export interface Read {
  readonly item: Item;
  /** Null while versions contradict each other. */
  readonly reading: Reading | null;
}

/** Charts are whole snapshots that never change, so what was read of one is kept as long as it is. */
const kept = new WeakMap<Chart, readonly Read[]>();

/** All readings of the chart, with their items; nothing withdrawn. A conflict reads as none of its versions. */
export const readings = (chart: Chart): readonly Read[] => {
  const before = kept.get(chart);
  if (before) return before;
  const fresh = chart.observations
    .filter((item) => item.conflict !== null || inForce(item))
    .map((item) => {
      const version = contentVersion(item);
      return { item, reading: version ? readingOf(version.record.resource) : null };
    });
  kept.set(chart, fresh);
  return fresh;
};

/** The sign that the versions in conflict are about. */
const disputed = (item: Item): Reading | null => {
  const [first] = item.versions;
  return first ? readingOf(first.record.resource) : null;
};

interface Sorted {
  readonly measured: { readonly [sign in Plain]: Measured[] };
  readonly left: { readonly [sign in Plain]: NotAPoint[] };
}

type Plain = 'weight' | 'length' | 'head' | 'bmi';
const isPlain = (sign: Sign | null): sign is Plain =>
  sign === 'weight' || sign === 'length' || sign === 'head' || sign === 'bmi';

/** Why a reading is no point; null for one that is. */
const whyNot = (reading: Reading | null, born: Civil): NotAPoint['why'] | null => {
  if (reading === null) return 'conflict';
  if (reading.number === null) return 'unit';
  const day = dayOf(reading.on);
  return day === null || day < born ? 'date' : null;
};

const sorted = (read: readonly Read[], born: Civil): Sorted => {
  const measured: Sorted['measured'] = { weight: [], length: [], head: [], bmi: [] };
  const left: Sorted['left'] = { weight: [], length: [], head: [], bmi: [] };
  for (const { item, reading } of read) {
    const sign = (reading ?? disputed(item))?.sign ?? null;
    if (!isPlain(sign)) continue;
    const why = whyNot(reading, born);
    const day = dayOf(reading?.on ?? null);
    if (why !== null) left[sign].push({ item, reading, why });
    else if (reading?.number != null && day !== null) {
      const id = contentVersion(item)?.record.id ?? item.id;
      measured[sign].push({
        id,
        day,
        at: dayNumber(day),
        number: reading.number,
        position: reading.position,
      });
    }
  }
  for (const list of Object.values(measured)) list.sort((one, other) => one.at - other.at);
  return { measured, left };
};

/** Days of pregnancy; null and unclear when versions or values differ. */
const gestationIn = (read: readonly Read[]): { readonly days: number | null; readonly unclear: boolean } => {
  const found = read.filter(({ item, reading }) => (reading ?? disputed(item))?.sign === 'gestation');
  const days = new Set(
    found.map(({ reading }) => (reading?.number == null ? null : Math.round(reading.number))),
  );
  const [only] = days;
  return days.size === 1 && only != null
    ? { days: only, unclear: false }
    : { days: null, unclear: days.size > 0 };
};

export interface Child {
  readonly born: Civil;
  /** Null when it is not recorded as female or male: there is no reference then. */
  readonly sex: GrowthSex | null;
}

const wrongPosition = (measure: Measure, position: Position, reference: Reference): boolean =>
  measure === 'length' && position !== null && position !== (reference === 'who' ? 'lying' : 'standing');

/** What the places of one child's points depend on. */
interface Basis {
  readonly child: Child;
  readonly gestation: number | null;
  readonly tables: GrowthTables;
}

const pointOf = (
  basis: Basis,
  measure: Measure,
  at: Measured,
  value: number,
  length?: number,
): GrowthPoint => {
  const { sex, born } = basis.child;
  const ageDays = at.at - dayNumber(born);
  const corrected = correction(ageDays, basis.gestation);
  const scored = ageDays - corrected;
  const reference = referenceAt(ageDays);
  const barred: Unscored | null =
    sex === null
      ? 'sex'
      : scored < 0
        ? 'before-term'
        : wrongPosition(measure, at.position, reference)
          ? 'position'
          : null;
  const asked = { measure, ageDays: scored, value, ...(length === undefined ? {} : { length }) };
  const place = sex === null || barred !== null ? null : score(basis.tables, { ...asked, sex });
  return {
    id: at.id,
    day: at.day,
    ageDays,
    corrected,
    value,
    length: length ?? null,
    position: at.position,
    reference,
    score: place,
    unscored: barred ?? (place === null ? 'outside' : null),
  };
};

const underWho = (born: Civil, at: Measured): boolean => referenceAt(at.at - dayNumber(born)) === 'who';

/** From 2 years: pairs, and recorded BMIs of days without a pair. */
const bmiPoints = (basis: Basis, measured: Sorted['measured']): readonly GrowthPoint[] => {
  const later = (list: readonly Measured[]) => list.filter((at) => !underWho(basis.child.born, at));
  const heights = later(measured.length);
  const pairs = later(measured.weight).flatMap((weight) => {
    const height = partner(weight, heights);
    return height ? [pointOf(basis, 'bmi', weight, weight.number / (height.number / 100) ** 2)] : [];
  });
  const derived = new Set(pairs.map((one) => one.day));
  const recorded = later(measured.bmi)
    .filter((at) => !derived.has(at.day))
    .map((at) => pointOf(basis, 'bmi', at, at.number));
  return [...pairs, ...recorded].sort((one, other) => one.ageDays - other.ageDays);
};

/** Before 2 years: a weight and a length of the same day, not measured standing. */
const forLengthPoints = (basis: Basis, measured: Sorted['measured']): readonly GrowthPoint[] =>
  measured.weight
    .filter((weight) => underWho(basis.child.born, weight))
    .flatMap((weight) => {
      const length = measured.length.find((at) => at.at === weight.at && at.position !== 'standing');
      return length ? [pointOf(basis, 'weight-for-length', weight, weight.number, length.number)] : [];
    });

/** The points of one child. */
export const growthOf = (chart: Chart, child: Child, tables: GrowthTables): Growth => {
  const read = readings(chart);
  const { measured, left } = sorted(read, child.born);
  const { days: gestation, unclear } = gestationIn(read);
  const basis = { child, gestation, tables };
  const points = (measure: 'weight' | 'length' | 'head') =>
    measured[measure].map((at) => pointOf(basis, measure, at, at.number));
  return {
    points: {
      weight: points('weight'),
      length: points('length'),
      head: points('head'),
      bmi: bmiPoints(basis, measured),
      'weight-for-length': forLengthPoints(basis, measured),
    },
    left: { ...left, 'weight-for-length': [] },
    gestation,
    gestationUnclear: unclear,
  };
};

/** The height nearest in time, at most `pairDays` away; of two as near, the earlier. */
const partner = (weight: Measured, heights: readonly Measured[]): Measured | null => {
  let best: Measured | null = null;
  let gap = pairDays + 1;
  for (const height of heights) {
    const days = Math.abs(weight.at - height.at);
    if (days < gap) [best, gap] = [height, days];
  }
  return best;
};

/** The newest point that has a place among other children. */
export const newestPlace = (points: readonly GrowthPoint[]): GrowthPoint | null =>
  points.findLast((point) => point.score !== null) ?? null;
