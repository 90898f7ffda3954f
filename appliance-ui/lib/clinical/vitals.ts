/**
 * Vital signs and measurements: which Observation is what, by LOINC code, and its number where the unit is certain.
 * A code that is not listed is not guessed from its name; it is shown with the words it was recorded with.
 */
import { at, listAt, textAt } from '../protocol/elements.ts';
import type { Resource } from '../protocol/types.ts';
import type { FhirDate } from './dates.ts';
import { codesOf, conceptText, effectiveOf, LOINC, notesOf } from './read.ts';
import { convert, readQuantity, unitText } from './units.ts';

export type Sign =
  | 'weight'
  | 'length'
  | 'head'
  | 'bmi'
  | 'temperature'
  | 'pulse'
  | 'breaths'
  | 'oxygen'
  | 'pressure'
  | 'gestation'
  | 'vision'
  | 'hearing';

/** How a length was taken. Null: nobody said. */
export type Position = 'lying' | 'standing' | null;

interface Known {
  readonly sign: Sign;
  /** UCUM unit that the number is converted to; null for signs that are no single number. */
  readonly unit: string | null;
  readonly position?: Position;
}

/** By LOINC code. */
const known: { readonly [code: string]: Known } = {
  '29463-7': { sign: 'weight', unit: 'kg' },
  '3141-9': { sign: 'weight', unit: 'kg' },
  '8339-4': { sign: 'weight', unit: 'kg' },
  '8302-2': { sign: 'length', unit: 'cm' },
  '3137-7': { sign: 'length', unit: 'cm' },
  '8306-3': { sign: 'length', unit: 'cm', position: 'lying' },
  '8308-9': { sign: 'length', unit: 'cm', position: 'standing' },
  '9843-4': { sign: 'head', unit: 'cm' },
  '8287-5': { sign: 'head', unit: 'cm' },
  '39156-5': { sign: 'bmi', unit: 'kg/m2' },
  '8310-5': { sign: 'temperature', unit: 'Cel' },
  '8331-1': { sign: 'temperature', unit: 'Cel' },
  '8332-9': { sign: 'temperature', unit: 'Cel' },
  '8867-4': { sign: 'pulse', unit: '/min' },
  '9279-1': { sign: 'breaths', unit: '/min' },
  '2708-6': { sign: 'oxygen', unit: '%' },
  '59408-5': { sign: 'oxygen', unit: '%' },
  '85354-9': { sign: 'pressure', unit: null },
  '55284-4': { sign: 'pressure', unit: null },
  '11884-4': { sign: 'gestation', unit: 'd' },
  '79880-1': { sign: 'vision', unit: null },
  '32437-6': { sign: 'hearing', unit: null },
};

/** The one thing that all codes name; null for none, or for two at once. */
const onlyOne = <T>(values: readonly (T | null | undefined)[]): T | null => {
  let found: T | null = null;
  for (const value of values) {
    if (value === undefined || value === null || value === found) continue;
    if (found !== null) return null;
    found = value;
  }
  return found;
};

/** What an Observation measures; null for anything that is not listed above, or listed as two things at once. */
export const signOf = (resource: Resource): Sign | null =>
  onlyOne(codesIn(resource).map((code) => known[code]?.sign));

/** LOINC codes; the former system wrote some codings without a system. */
const codesIn = (element: unknown): readonly string[] => {
  const code = at(element, 'code');
  const loinc = codesOf(code, LOINC);
  if (loinc.length > 0) return loinc.filter((one) => Object.hasOwn(known, one) || Object.hasOwn(parts, one));
  return listAt(code, 'coding')
    .filter((coding) => at(coding, 'system') === undefined)
    .map((coding) => textAt(coding, 'code'))
    .filter((one) => one !== null)
    .filter((one) => Object.hasOwn(known, one) || Object.hasOwn(parts, one));
};

/** Components of a blood pressure. */
const parts: { readonly [code: string]: 'systolic' | 'diastolic' } = {
  '8480-6': 'systolic',
  '8462-4': 'diastolic',
};

export interface Pressure {
  readonly systolic: number;
  readonly diastolic: number;
}

export interface Reading {
  readonly sign: Sign | null;
  /** The words of the code as recorded. */
  readonly name: string | null;
  readonly on: FhirDate | null;
  /** In the unit of the table above (kg, cm, kg/m2, Cel, /min, %, d); null when number or unit is not certain. */
  readonly number: number | null;
  readonly pressure: Pressure | null;
  /** As recorded, for what is no certain number: "10 st", "passed". */
  readonly text: string | null;
  readonly position: Position;
  readonly notes: readonly string[];
}

const asRecorded = (element: unknown): string | null => {
  const value = at(element, 'valueQuantity', 'value');
  if (typeof value === 'number') {
    const unit = unitText({
      unit: at(element, 'valueQuantity', 'unit'),
      code: at(element, 'valueQuantity', 'code'),
    });
    return `${textAt(element, 'valueQuantity', 'comparator') ?? ''}${value} ${unit}`.trim();
  }
  const text = textAt(element, 'valueString') ?? conceptText(at(element, 'valueCodeableConcept'));
  if (text !== null && text.trim() !== '') return text;
  const whole = at(element, 'valueInteger');
  return typeof whole === 'number' ? String(whole) : null;
};

/** BMI's unit has no other spelling in use, so it is compared and not converted. */
const numberIn = (element: unknown, unit: string): number | null => {
  const quantity = readQuantity(at(element, 'valueQuantity'));
  if (!quantity) return null;
  return quantity.code === unit ? quantity.value : convert(quantity, unit);
};

const pressureOf = (resource: Resource): Pressure | null => {
  const found: { systolic?: number; diastolic?: number } = {};
  for (const component of listAt(resource, 'component')) {
    const [code] = codesIn(component);
    const part = code === undefined ? undefined : parts[code];
    const value = numberIn(component, 'mm[Hg]');
    if (part === undefined || value === null) continue;
    if (found[part] !== undefined) return null;
    found[part] = value;
  }
  const { systolic, diastolic } = found;
  return systolic !== undefined && diastolic !== undefined ? { systolic, diastolic } : null;
};

const recordedParts = (resource: Resource): string | null => {
  const all = listAt(resource, 'component')
    .map((component) => {
      const value = asRecorded(component);
      const name = conceptText(at(component, 'code'));
      return value === null ? null : name === null ? value : `${name}: ${value}`;
    })
    .filter((text) => text !== null);
  return all.length > 0 ? all.join(', ') : null;
};

export const readingOf = (resource: Resource): Reading => {
  const listed = codesIn(resource).map((code) => known[code]);
  const sign = onlyOne(listed.map((one) => one?.sign));
  const unit = listed.find((one) => one !== undefined)?.unit;
  return {
    sign,
    name: conceptText(at(resource, 'code')),
    on: effectiveOf(resource),
    number: sign !== null && typeof unit === 'string' ? numberIn(resource, unit) : null,
    pressure: sign === 'pressure' ? pressureOf(resource) : null,
    text: asRecorded(resource) ?? recordedParts(resource),
    position: sign === 'length' ? onlyOne(listed.map((one) => one?.position)) : null,
    notes: notesOf(resource),
  };
};
