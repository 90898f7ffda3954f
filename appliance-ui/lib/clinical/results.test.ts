import { describe, expect, test } from 'vitest';
import { parseCivil } from './dates.ts';
import { loneResult, reportOf } from './results.ts';

const patient = { born: parseCivil('2025-08-20'), sex: 'male' } as const;
const loinc = (code: string, text: string) => ({ text, coding: [{ system: 'http://loinc.org', code }] });
const blood = (id: string, code: string, text: string, value: number, unit: string) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: loinc(code, text),
  valueQuantity: { value, unit, system: 'http://unitsofmeasure.org', code: unit },
});
const report = {
  resourceType: 'DiagnosticReport',
  status: 'final',
  category: [{ coding: [{ code: 'LAB', display: 'Laboratory' }] }],
  code: loinc('58410-2', 'Blood count'),
  effectiveDateTime: '2026-11-23T09:00:00-05:00',
  performer: [{ display: 'Invented Laboratory' }],
  conclusion: 'Hemoglobin low.',
};

describe('reports', () => {
  test('reads contained values in the order of the report, each with its flag', () => {
    const read = reportOf(
      {
        ...report,
        contained: [
          blood('lead', '77307-7', 'Lead', 1.4, 'ug/dL'),
          blood('hb', '718-7', 'Hemoglobin', 10.1, 'g/dL'),
        ],
        result: [{ reference: '#hb' }, { reference: '#lead' }],
      },
      patient,
    );
    expect(read).toMatchObject({ name: 'Blood count', sort: 'lab', conclusion: 'Hemoglobin low.' });
    expect(read.values.map(({ name, text, flag }) => [name, text, flag.is])).toEqual([
      ['Hemoglobin', '10.1 g/dL', 'below'],
      ['Lead', '1.4 mcg/dL', 'not-above'],
    ]);
    expect(read.on).toEqual({ is: 'day', day: '2026-11-23' });
  });

  test('names parts that are not in the record instead of passing over them', () => {
    const read = reportOf(
      { ...report, result: [{ reference: 'Observation/7', display: 'Ferritin' }] },
      patient,
    );
    expect(read.values).toEqual([]);
    expect(read.missing).toEqual(['Ferritin']);
  });

  test('reads words, bounds and components as they were recorded', () => {
    const strep = {
      ...blood('s', '11268-0', 'Strep', 1, '1'),
      valueQuantity: undefined,
      valueString: 'Negative',
    };
    const lead = blood('lead', '77307-7', 'Lead', 1, 'ug/dL');
    const bounded = { ...lead, valueQuantity: { ...lead.valueQuantity, comparator: '<' } };
    const read = reportOf(
      {
        ...report,
        contained: [{ ...strep, id: 's' }, bounded],
        result: [{ reference: '#s' }, { reference: '#lead' }],
      },
      patient,
    );
    expect(read.values.map(({ text, flag }) => [text, flag.is])).toEqual([
      ['Negative', 'none'],
      ['<1 mcg/dL', 'not-above'],
    ]);
  });

  test('reads the analytes and the free text of the former system', () => {
    const read = reportOf(
      {
        resourceType: 'DiagnosticReport',
        status: 'final',
        category: 'lab',
        code: { text: 'CBC' },
        effectiveDate: '2024-03-01',
        result: 'Slightly low.',
        analytes: [
          { name: 'Hgb', value: '10.9', unit: 'g/dL', refRange: '11.5-15.5', flag: 'low' },
          { name: 'WBC', value: 'clotted', unit: 'K/uL', refRange: '4.5-13.5', flag: 'normal' },
        ],
      },
      patient,
    );
    expect(read).toMatchObject({
      sort: 'lab',
      notes: ['Slightly low.'],
      on: { is: 'day', day: '2024-03-01' },
    });
    expect(read.values.map(({ name, flag }) => [name, flag.is])).toEqual([
      ['Hgb', 'below'],
      ['WBC', 'inside'],
    ]);
  });

  test('takes a laboratory value that stands alone, and no vital sign', () => {
    const lab = {
      ...blood('x', '718-7', 'Hemoglobin', 12, 'g/dL'),
      category: [{ coding: [{ code: 'laboratory' }] }],
      effectiveDateTime: '2026-11-23',
    };
    expect(loneResult(lab, patient)?.values[0]?.flag.is).toBe('not-below');
    expect(loneResult({ ...lab, category: [{ coding: [{ code: 'vital-signs' }] }] }, patient)).toBeNull();
  });
});
