/**
 * Quantities in UCUM units. A value is converted only between units of the same kind that are listed here;
 * what cannot be read for certain is `null`, and the page shows the text as it was recorded.
 *
 * Factors are exact by definition: pound 0.45359237 kg, ounce 1/16 lb, inch 2.54 cm (international yard and
 * pound agreement, 1959); Fahrenheit 1.8 · Celsius + 32.
 */

export type Kind = 'mass' | 'length' | 'temperature' | 'pressure' | 'rate' | 'percent' | 'time';

interface Unit {
  readonly kind: Kind;
  /** Base = value · factor + offset. Bases: kg, cm, Cel, mm[Hg], /min, %, d. */
  readonly factor: number;
  readonly offset?: number;
}

const pound = 0.453_592_37;

/** By UCUM code, case-sensitive. */
const units: { readonly [code: string]: Unit } = {
  kg: { kind: 'mass', factor: 1 },
  g: { kind: 'mass', factor: 0.001 },
  '[lb_av]': { kind: 'mass', factor: pound },
  '[oz_av]': { kind: 'mass', factor: pound / 16 },
  cm: { kind: 'length', factor: 1 },
  m: { kind: 'length', factor: 100 },
  mm: { kind: 'length', factor: 0.1 },
  '[in_i]': { kind: 'length', factor: 2.54 },
  '[ft_i]': { kind: 'length', factor: 30.48 },
  Cel: { kind: 'temperature', factor: 1 },
  '[degF]': { kind: 'temperature', factor: 1 / 1.8, offset: -32 / 1.8 },
  'mm[Hg]': { kind: 'pressure', factor: 1 },
  '/min': { kind: 'rate', factor: 1 },
  '{beats}/min': { kind: 'rate', factor: 1 },
  '{breaths}/min': { kind: 'rate', factor: 1 },
  '%': { kind: 'percent', factor: 1 },
  d: { kind: 'time', factor: 1 },
  wk: { kind: 'time', factor: 7 },
};

/** Spellings of a unit without code that can mean one thing only; records of the former system have no codes. */
const spellings: { readonly [text: string]: string } = {
  kg: 'kg',
  g: 'g',
  lb: '[lb_av]',
  lbs: '[lb_av]',
  oz: '[oz_av]',
  cm: 'cm',
  in: '[in_i]',
  '°C': 'Cel',
  '°F': '[degF]',
  mmHg: 'mm[Hg]',
  '%': '%',
  bpm: '/min',
  'beats/minute': '/min',
  'breaths/minute': '/min',
  'breaths/min': '/min',
  weeks: 'wk',
};

export interface Quantity {
  readonly value: number;
  /** UCUM. */
  readonly code: string;
}

export const UCUM = 'http://unitsofmeasure.org';

const unitOf = (code: string): Unit | null => (Object.hasOwn(units, code) ? (units[code] ?? null) : null);

export const kindOf = (code: string): Kind | null => unitOf(code)?.kind ?? null;

/** Null when either unit is unknown, or they measure different things. */
export const convert = (quantity: Quantity, to: string): number | null => {
  const from = unitOf(quantity.code);
  const target = unitOf(to);
  if (!from || !target || from.kind !== target.kind || !Number.isFinite(quantity.value)) return null;
  if (quantity.code === to) return quantity.value;
  const base = quantity.value * from.factor + (from.offset ?? 0);
  return (base - (target.offset ?? 0)) / target.factor;
};

/** `value · unit` pairs in a FHIR Quantity, as they stand there. */
interface RawQuantity {
  readonly value?: unknown;
  readonly comparator?: unknown;
  readonly unit?: unknown;
  readonly system?: unknown;
  readonly code?: unknown;
}

/** The UCUM code of a FHIR Quantity; null when there is none, or code and unit contradict each other. */
export const codeOf = (raw: RawQuantity): string | null => {
  const spelled =
    typeof raw.unit === 'string' && Object.hasOwn(spellings, raw.unit) ? spellings[raw.unit] : undefined;
  if (raw.code === undefined && raw.system === undefined) return spelled ?? null;
  if (raw.system !== UCUM || typeof raw.code !== 'string') return null;
  if (spelled !== undefined && kindOf(raw.code) !== null) {
    const same = unitOf(spelled);
    const coded = unitOf(raw.code);
    if (same?.kind !== coded?.kind || same?.factor !== coded?.factor) return null;
  }
  return raw.code;
};

/** A FHIR Quantity with a number and a unit that is certain; a comparator ("<", ">") makes it no number. */
export const readQuantity = (raw: unknown): Quantity | null => {
  if (typeof raw !== 'object' || raw === null) return null;
  const quantity: RawQuantity = raw;
  if (typeof quantity.value !== 'number' || !Number.isFinite(quantity.value)) return null;
  if (quantity.comparator !== undefined) return null;
  const code = codeOf(quantity);
  return code === null ? null : { value: quantity.value, code };
};

/** UCUM codes in the signs that people know; any other code stands as it is. "mcg", not the Greek letter (ISMP). */
const signs: { readonly [code: string]: string } = {
  '10*3/uL': '×10³/mcL',
  '10*6/uL': '×10⁶/mcL',
  'ug/dL': 'mcg/dL',
  'ug/L': 'mcg/L',
  'mm[Hg]': 'mmHg',
  Cel: '°C',
  '[degF]': '°F',
  '[lb_av]': 'lb',
  '[oz_av]': 'oz',
  '[in_i]': 'in',
  '/min': '/min',
};

/** The unit to print beside a number: the recorded words, unless they are a bare code. */
export const unitText = (raw: { readonly unit?: unknown; readonly code?: unknown }): string => {
  const written = typeof raw.unit === 'string' && raw.unit !== '' ? raw.unit : raw.code;
  if (typeof written !== 'string') return '';
  return Object.hasOwn(signs, written) ? (signs[written] ?? written) : written;
};

/** Whole pounds and rounded ounces, never 16 of them. */
export const poundsAndOunces = (kg: number): readonly [pounds: number, ounces: number] => {
  const ounces = Math.round((kg / pound) * 16);
  return [Math.floor(ounces / 16), ounces % 16];
};

export const round = (value: number, decimals: number): number => {
  const scale = 10 ** decimals;
  return Math.round((value + Number.EPSILON) * scale) / scale;
};
