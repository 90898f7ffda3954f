/** Reading FHIR elements as people read them. Text is text: nothing here makes markup, and nothing is made up. */
import { at, listAt, textAt } from '../protocol/elements.ts';
import { type FhirDate, parseFhirDate } from './dates.ts';

export const LOINC = 'http://loinc.org';
export const SNOMED = 'http://snomed.info/sct';
export const ICD10 = 'http://hl7.org/fhir/sid/icd-10-cm';
export const CVX = 'http://hl7.org/fhir/sid/cvx';

const filled = (text: string | null): string | null =>
  text !== null && text.trim() !== '' ? text.trim() : null;

/** The words of a CodeableConcept: its text, else the first display; null when it has neither. */
export const conceptText = (concept: unknown): string | null => {
  const text = filled(textAt(concept, 'text'));
  if (text !== null) return text;
  for (const coding of listAt(concept, 'coding')) {
    const display = filled(textAt(coding, 'display'));
    if (display !== null) return display;
  }
  return null;
};

/** Codes of one system in a CodeableConcept, in their order. */
export const codesOf = (concept: unknown, system: string): readonly string[] =>
  listAt(concept, 'coding')
    .filter((coding) => textAt(coding, 'system') === system)
    .map((coding) => textAt(coding, 'code'))
    .filter((code) => code !== null);

/** The first code of a CodeableConcept, whatever its system: for elements whose code set is fixed by FHIR. */
export const firstCode = (concept: unknown): string | null =>
  filled(textAt(concept, 'coding', 0, 'code')) ?? filled(typeof concept === 'string' ? concept : null);

/** The texts of `note`, each as its writer left it. */
export const notesOf = (resource: unknown): readonly string[] =>
  listAt(resource, 'note')
    .map((note) => filled(textAt(note, 'text')))
    .filter((text) => text !== null);

/** The first of some elements that holds a date. */
export const dateOf = (resource: unknown, ...names: readonly string[]): FhirDate | null => {
  for (const name of names) {
    const found = parseFhirDate(at(resource, ...name.split('.')));
    if (found) return found;
  }
  return null;
};

/** When an Observation or report is true of the patient. */
export const effectiveOf = (resource: unknown): FhirDate | null =>
  dateOf(resource, 'effectiveDateTime', 'effectiveInstant', 'effectivePeriod.start', 'effectiveDate');

/** A resource contained in another, by its local reference "#id". */
export const containedOf = (resource: unknown, reference: unknown): unknown => {
  const name = textAt(reference, 'reference');
  if (name === null || !name.startsWith('#')) return null;
  return listAt(resource, 'contained').find((inner) => textAt(inner, 'id') === name.slice(1)) ?? null;
};
