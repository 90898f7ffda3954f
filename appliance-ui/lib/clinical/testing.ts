/** Charts for tests: records in receipt order, folded by the real fold. Not part of the product. */

import type { Record } from '../protocol/fold.ts';
import { type Chart, fold } from '../protocol/fold.ts';
import { kinds } from '../protocol/kinds.ts';
import type { Resource } from '../protocol/types.ts';

export const subject = 'aa'.repeat(32);
export const staff = 'bb'.repeat(32);

export interface Written {
  readonly resource: Resource;
  readonly kind?: number;
  /** Places of earlier records, and what this one does to them. */
  readonly links?: readonly (readonly [place: number, marker: string])[];
  readonly author?: Record['author'];
  readonly signer?: string;
}

const kindOf: { readonly [type: string]: number } = {
  Observation: kinds.observation,
  Immunization: kinds.immunization,
  AllergyIntolerance: kinds.allergy,
  Condition: kinds.condition,
  MedicationRequest: kinds.medication,
  DiagnosticReport: kinds.report,
  DocumentReference: kinds.document,
};

export const idOf = (place: number): string => place.toString(16).padStart(64, '0');

export const chartOf = (
  written: readonly Written[],
  coverage: 'complete' | 'partial' = 'complete',
): Chart => {
  const records = written.map(
    ({ resource, kind, links = [], author = 'staff', signer = staff }, place): Record => ({
      id: idOf(place + 1),
      aliases: [],
      kind: kind ?? kindOf[resource.resourceType] ?? kinds.resource,
      signer,
      author,
      subject,
      compartment: 'chart',
      act: { r: idOf(1000 + place), same: idOf(2000 + place) },
      resource: { id: `r${place + 1}`, ...resource },
      links: links.map(([to, marker]) => ({ id: idOf(to + 1), marker })),
      sign: false,
      order: { position: 1, received: 1000 + place, n: place + 1 },
      createdAt: 1000 + place,
    }),
  );
  return fold(new Set([subject]), records, coverage);
};

const ucum = 'http://unitsofmeasure.org';

/** A measurement by LOINC code on a day. */
export const measured = (
  code: string | readonly string[],
  value: number,
  unit: string,
  on: string,
): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [code].flat().map((one) => ({ system: 'http://loinc.org', code: one })) },
  effectiveDateTime: on,
  valueQuantity: { value, unit, system: ucum, code: unit },
});
