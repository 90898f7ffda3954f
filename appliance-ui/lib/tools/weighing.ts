/** The record that the measurements of this folder are made with: one weight, with a note of usual length. */
import type { Resource } from '../protocol/types.ts';

export function weighing(n: number): Resource {
  return {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '29463-7', display: 'Body weight' }] },
    effectiveDateTime: '2026-01-01T09:00:00-05:00',
    note: [{ text: 'Weighed without shoes, in light clothes. '.repeat(6) }],
    valueQuantity: { value: 3 + n / 100, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
  };
}
