/** Reports of laboratories and imaging as a family reads them: what, when, each value with its flag, what was said. */
import { at, listAt, textAt } from '../protocol/elements.ts';
import type { Resource } from '../protocol/types.ts';
import { ageAt, type Civil, dayOf, type FhirDate } from './dates.ts';
import { type Flag, flagOf, type Measured } from './flags.ts';
import type { GrowthSex } from './growth.ts';
import { conceptText, containedOf, dateOf, effectiveOf, firstCode, notesOf } from './read.ts';
import { codeOf, unitText } from './units.ts';

export type ReportSort = 'lab' | 'imaging' | 'other';

export interface ResultValue {
  /** CodeableConcept, for the glossary; null in the former system. */
  readonly code: unknown;
  readonly name: string | null;
  /** "10.1 g/dL", or words. */
  readonly text: string | null;
  readonly number: number | null;
  readonly unit: string | null;
  readonly flag: Flag;
  readonly notes: readonly string[];
}

export interface Report {
  readonly name: string | null;
  readonly sort: ReportSort;
  /** When it was taken. */
  readonly on: FhirDate | null;
  /** When it was given out; only where it is known. */
  readonly issued: FhirDate | null;
  /** FHIR status: final, preliminary, amended, … */
  readonly status: string | null;
  readonly performer: string | null;
  /** The reader's own words. */
  readonly conclusion: string | null;
  readonly notes: readonly string[];
  readonly values: readonly ResultValue[];
  /** Parts that the report names and that are not in the record. */
  readonly missing: readonly string[];
}

/** Whose results these are. */
export interface Patient {
  readonly born: Civil | null;
  readonly sex: GrowthSex | null;
}

const sortOf = (resource: Resource): ReportSort => {
  const categories = [at(resource, 'category')].flat();
  const codes = categories.flatMap((category) => [
    firstCode(category)?.toLowerCase() ?? '',
    conceptText(category)?.toLowerCase() ?? '',
  ]);
  if (codes.some((code) => ['lab', 'laboratory'].includes(code))) return 'lab';
  return codes.some((code) => ['rad', 'imaging', 'img', 'radiology'].includes(code)) ? 'imaging' : 'other';
};

const comparators = ['<', '<=', '>', '>='] as const;

const measuredOf = (observation: unknown): Measured | null => {
  const quantity = at(observation, 'valueQuantity');
  const value = at(quantity, 'value');
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  const comparator = comparators.find((one) => one === at(quantity, 'comparator')) ?? null;
  if (comparator === null && at(quantity, 'comparator') !== undefined) return null;
  const unit = codeOf({
    unit: at(quantity, 'unit'),
    system: at(quantity, 'system'),
    code: at(quantity, 'code'),
  });
  return { value, comparator, unit };
};

const valueText = (observation: unknown): string | null => {
  const value = at(observation, 'valueQuantity', 'value');
  if (typeof value === 'number') {
    const unit = unitText({
      unit: at(observation, 'valueQuantity', 'unit'),
      code: at(observation, 'valueQuantity', 'code'),
    });
    return `${textAt(observation, 'valueQuantity', 'comparator') ?? ''}${value} ${unit}`.trim();
  }
  const words = textAt(observation, 'valueString') ?? conceptText(at(observation, 'valueCodeableConcept'));
  if (words !== null) return words;
  const plain = at(observation, 'valueBoolean') ?? at(observation, 'valueInteger');
  return plain === undefined ? conceptText(at(observation, 'dataAbsentReason')) : String(plain);
};

const monthsOn = (patient: Patient, on: FhirDate | null): number | null => {
  const day = dayOf(on);
  return patient.born !== null && day !== null ? (ageAt(patient.born, day)?.months ?? null) : null;
};

/** One value of an Observation, or of a component of it. */
const oneValue = (element: unknown, patient: Patient, on: FhirDate | null): ResultValue => {
  const measured = measuredOf(element);
  return {
    code: at(element, 'code') ?? null,
    name: conceptText(at(element, 'code')),
    text: valueText(element),
    number: measured?.comparator === null ? measured.value : null,
    unit: measured?.unit ?? null,
    flag: flagOf(element, measured, { months: monthsOn(patient, on), sex: patient.sex }),
    notes: notesOf(element),
  };
};

/** The values of one Observation: its own, and those of its components. */
const valuesOf = (observation: unknown, patient: Patient, on: FhirDate | null): readonly ResultValue[] => {
  const day = effectiveOf(observation) ?? on;
  const parts = listAt(observation, 'component').map((part) => oneValue(part, patient, day));
  const own = oneValue(observation, patient, day);
  return own.text === null && parts.length > 0 ? parts : [own, ...parts];
};

/** An analyte of the former system: everything is text. */
const analyte = (element: unknown, patient: Patient, on: FhirDate | null): ResultValue => {
  const raw = at(element, 'value');
  const text = typeof raw === 'number' ? String(raw) : (textAt(element, 'value')?.trim() ?? '');
  const unit = textAt(element, 'unit');
  const plain = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : null;
  const measured = plain === null ? null : { value: plain, comparator: null, unit };
  return {
    code: null,
    name: textAt(element, 'name'),
    text: text === '' ? null : `${text} ${unit ?? ''}`.trim(),
    number: plain,
    unit,
    flag: flagOf(element, measured, { months: monthsOn(patient, on), sex: patient.sex }),
    notes: [],
  };
};

/** A value that was taken back inside its report. */
const withdrawn = (observation: unknown): boolean =>
  ['entered-in-error', 'cancelled'].includes(textAt(observation, 'status') ?? '');

export const reportOf = (resource: Resource, patient: Patient): Report => {
  const on = effectiveOf(resource);
  const links = listAt(resource, 'result');
  const inside = links.map((link) => ({ link, observation: containedOf(resource, link) }));
  const values = inside
    .filter(({ observation }) => observation !== null && !withdrawn(observation))
    .flatMap(({ observation }) => valuesOf(observation, patient, on));
  const analytes = listAt(resource, 'analytes').map((one) => analyte(one, patient, on));
  const told = textAt(resource, 'result');
  return {
    name: conceptText(at(resource, 'code')),
    sort: sortOf(resource),
    on,
    issued: dateOf(resource, 'issued'),
    status: textAt(resource, 'status'),
    performer: textAt(listAt(resource, 'performer')[0], 'display'),
    conclusion: textAt(resource, 'conclusion'),
    notes: told === null || told.trim() === '' ? notesOf(resource) : [told, ...notesOf(resource)],
    values: [...values, ...analytes],
    missing: inside
      .filter(({ observation }) => observation === null)
      .map(({ link }) => textAt(link, 'display') ?? '')
      .filter((name) => name !== ''),
  };
};

/** A laboratory value that was recorded alone, outside of a report. */
export const loneResult = (resource: Resource, patient: Patient): Report | null => {
  if (sortOf(resource) !== 'lab') return null;
  const on = effectiveOf(resource);
  return {
    name: conceptText(at(resource, 'code')),
    sort: 'lab',
    on,
    issued: dateOf(resource, 'issued'),
    status: textAt(resource, 'status'),
    performer: textAt(listAt(resource, 'performer')[0], 'display'),
    conclusion: null,
    notes: [],
    values: valuesOf(resource, patient, on),
    missing: [],
  };
};
