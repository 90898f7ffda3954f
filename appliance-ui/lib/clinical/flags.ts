/**
 * Where a result stands: inside, below or above its range, in words, or that nobody can tell.
 *
 * Order: the mark that the laboratory set, else the range that the record carries, else the table of ranges. When the
 * laboratory's mark and its range contradict each other, neither is believed ("unclear"), but a critical mark always
 * stays critical. A range that stands in the record and cannot be read is not replaced by the table.
 */
import { at, listAt, textAt } from '../protocol/elements.ts';
import { type Bound, type Limits, type RangeRow, type RangeSource, tableRange, type Who } from './ranges.ts';
import { codesOf, firstCode, LOINC } from './read.ts';

export type FlagIs =
  | 'inside'
  | 'below'
  | 'above'
  | 'outside'
  | 'critical'
  | 'critical-low'
  | 'critical-high'
  /** Passes a published limit that has one side only: nothing is known of the other. */
  | 'not-below'
  | 'not-above'
  /** Mark and range contradict each other. */
  | 'unclear'
  /** A number without a range that we know. */
  | 'unknown'
  /** Nothing to compare: words, "positive", "negative". */
  | 'none';

export interface ShownRange extends Limits {
  /** As recorded; null when it came from the table. */
  readonly text: string | null;
  readonly from: 'record' | 'table';
  readonly source: RangeSource | null;
}

export interface Flag {
  readonly is: FlagIs;
  readonly by: 'mark' | 'range' | 'table' | null;
  readonly range: ShownRange | null;
}

/** A measured value: `<` and `>` bound it from one side. */
export interface Measured {
  readonly value: number;
  readonly comparator: '<' | '<=' | '>' | '>=' | null;
  readonly unit: string | null;
}

/** HL7 v3 ObservationInterpretation, and the words of the former system. */
const marks: { readonly [code: string]: FlagIs } = {
  N: 'inside',
  L: 'below',
  LU: 'below',
  H: 'above',
  HU: 'above',
  A: 'outside',
  LL: 'critical-low',
  HH: 'critical-high',
  AA: 'critical',
  normal: 'inside',
  low: 'below',
  high: 'above',
  abnormal: 'outside',
  critical: 'critical',
};

/** Null when no mark, or one that says nothing about a range. */
export const markOf = (interpretation: unknown): FlagIs | null => {
  const list = Array.isArray(interpretation) ? interpretation : [interpretation];
  const found = list
    .map((one) => firstCode(one))
    .filter((code) => code !== null)
    .map((code) => (Object.hasOwn(marks, code) ? marks[code] : undefined))
    .filter((is) => is !== undefined);
  return found.find((is) => is.startsWith('critical')) ?? found[0] ?? null;
};

const bound = (value: number, inside: boolean) => ({ value, inside });
const number = String.raw`(\d+(?:\.\d+)?)`;
const between = new RegExp(`^${number}\\s*(?:-|–|—|to)\\s*${number}$`);
const oneSided = new RegExp(
  `^(<=|>=|<|>|≤|≥|below|under|less than|up to|above|over|more than|at least)\\s*${number}$`,
);
const sides: { readonly [word: string]: readonly [side: 'low' | 'high', inside: boolean] } = {
  '<': ['high', false],
  below: ['high', false],
  under: ['high', false],
  'less than': ['high', false],
  '<=': ['high', true],
  '≤': ['high', true],
  'up to': ['high', true],
  '>': ['low', false],
  above: ['low', false],
  over: ['low', false],
  'more than': ['low', false],
  '>=': ['low', true],
  '≥': ['low', true],
  'at least': ['low', true],
};

/** "11.0 - 14.0", "< 3.5", "below 3.5", each with or without the unit of the value; anything else is null. */
export const parseRange = (text: string, unit: string | null): Limits | null => {
  let plain = text.trim().toLowerCase();
  if (unit !== null && plain.endsWith(unit.toLowerCase())) plain = plain.slice(0, -unit.length).trim();
  const two = between.exec(plain);
  if (two) {
    const [low, high] = [Number(two[1]), Number(two[2])];
    return low <= high ? { low: bound(low, true), high: bound(high, true) } : null;
  }
  const one = oneSided.exec(plain);
  const side = one?.[1] === undefined ? undefined : sides[one[1]];
  if (!one || !side) return null;
  const limit = bound(Number(one[2]), side[1]);
  return side[0] === 'low' ? { low: limit, high: null } : { low: null, high: limit };
};

type Standing = 'inside' | 'below' | 'above' | 'unknown';

const under = (value: number, low: Bound | null): boolean =>
  low !== null && (low.inside ? value < low.value : value <= low.value);
const over = (value: number, high: Bound | null): boolean =>
  high !== null && (high.inside ? value > high.value : value >= high.value);

/** Somewhere below `value`; `open`: not at it. */
const somewhereBelow = (value: number, open: boolean, { low, high }: Limits): Standing => {
  if (low !== null) return under(value, low) || (open && value === low.value) ? 'below' : 'unknown';
  return high !== null && (!over(value, high) || (open && value === high.value)) ? 'inside' : 'unknown';
};

/** Somewhere above `value`; `open`: not at it. */
const somewhereAbove = (value: number, open: boolean, { low, high }: Limits): Standing => {
  if (high !== null) return over(value, high) || (open && value === high.value) ? 'above' : 'unknown';
  return low !== null && (!under(value, low) || (open && value === low.value)) ? 'inside' : 'unknown';
};

/** A value against limits. With a comparator only what must be true is said. */
export const compare = ({ value, comparator }: Measured, limits: Limits): Standing => {
  if (limits.low === null && limits.high === null) return 'unknown';
  if (comparator === '<' || comparator === '<=') return somewhereBelow(value, comparator === '<', limits);
  if (comparator === '>' || comparator === '>=') return somewhereAbove(value, comparator === '>', limits);
  if (under(value, limits.low)) return 'below';
  return over(value, limits.high) ? 'above' : 'inside';
};

/** The one range of the record that applies; `unread` when there is one that cannot be used. */
const recordRange = (element: unknown, unit: string | null): ShownRange | 'unread' | null => {
  const all = listAt(element, 'referenceRange').filter((range) => {
    const type = firstCode(at(range, 'type'));
    return type === null || type === 'normal';
  });
  const own = textAt(element, 'refRange') ?? textAt(element, 'range');
  if (all.length === 0 && (own === null || own.trim() === '')) return null;
  const [only] = all;
  const text = all.length > 0 ? textAt(only, 'text') : own;
  if (all.length > 1) return 'unread';
  const low = at(only, 'low', 'value');
  const high = at(only, 'high', 'value');
  const numbers = typeof low === 'number' || typeof high === 'number';
  const units = [at(only, 'low', 'code'), at(only, 'high', 'code')].filter((code) => code !== undefined);
  if (units.some((code) => unit !== null && code !== unit)) return 'unread';
  const limits = numbers
    ? {
        low: typeof low === 'number' ? bound(low, true) : null,
        high: typeof high === 'number' ? bound(high, true) : null,
      }
    : text === null
      ? null
      : parseRange(text, unit);
  return limits ? { ...limits, text, from: 'record', source: null } : 'unread';
};

/** All range texts of a record, where none of them can be used. */
const unreadText = (element: unknown): string | null => {
  const texts = listAt(element, 'referenceRange')
    .map((range) => textAt(range, 'text'))
    .filter((text) => text !== null);
  return texts.length > 0 ? texts.join('; ') : (textAt(element, 'refRange') ?? textAt(element, 'range'));
};

const shownRow = (row: RangeRow): ShownRange => ({
  low: row.low,
  high: row.high,
  text: null,
  from: 'table',
  source: row.source,
});

/** A limit against anemia or lead is no range: whoever passes it is not "inside". */
const oneSide = (found: Standing, { low, high }: Limits): FlagIs => {
  if (found !== 'inside' || (low !== null && high !== null)) return found;
  return low !== null ? 'not-below' : 'not-above';
};

const agrees = (mark: FlagIs, found: Standing): boolean =>
  found === 'unknown' || mark === found || (mark === 'outside' && found !== 'inside');

/** The flag of an Observation, or of an analyte of the former system. */
export const flagOf = (element: unknown, measured: Measured | null, who: Who): Flag => {
  const mark = markOf(at(element, 'interpretation') ?? at(element, 'flag'));
  const own = recordRange(element, measured?.unit ?? null);
  const unread = own === 'unread' ? unreadText(element) : null;
  const range: ShownRange | null =
    own === 'unread'
      ? unread === null
        ? null
        : { low: null, high: null, text: unread, from: 'record', source: null }
      : own;
  const found = measured && range ? compare(measured, range) : 'unknown';
  if (mark !== null) {
    const is = mark.startsWith('critical') || agrees(mark, found) ? mark : 'unclear';
    return { is, by: 'mark', range };
  }
  if (measured === null) return { is: 'none', by: null, range };
  if (own !== null) return { is: found, by: found === 'unknown' ? null : 'range', range };
  const row =
    measured.unit === null ? null : tableRange(codesOf(at(element, 'code'), LOINC), measured.unit, who);
  if (!row) return { is: 'unknown', by: null, range: null };
  return { is: oneSide(compare(measured, row), row), by: 'table', range: shownRow(row) };
};
