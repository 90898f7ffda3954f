import { expect, test } from 'vitest';
import { measured } from './testing.ts';
import { readingOf, signOf } from './vitals.ts';

const loinc = (...codes: readonly string[]) => ({
  coding: codes.map((code) => ({ system: 'http://loinc.org', code })),
});

test('an observation is what its codes say, whatever it is called', () => {
  expect(readingOf(measured('29463-7', 10.5, 'kg', '2026-05-01'))).toMatchObject({
    sign: 'weight',
    number: 10.5,
  });
  expect(readingOf(measured(['8302-2', '8306-3'], 70, 'cm', '2026-05-01'))).toMatchObject({
    sign: 'length',
    position: 'lying',
  });
  expect(readingOf(measured('8302-2', 70, 'cm', '2026-05-01')).position).toBeNull();
  const named = {
    resourceType: 'Observation',
    code: { text: 'Body weight' },
    valueQuantity: { value: 10, unit: 'kg' },
  };
  expect(readingOf(named)).toMatchObject({ sign: null, number: null, text: '10 kg', name: 'Body weight' });
});

test('codes of two different things are neither', () => {
  expect(signOf({ resourceType: 'Observation', code: loinc('29463-7', '8867-4') })).toBeNull();
  expect(signOf({ resourceType: 'Observation', code: loinc('8306-3', '8308-9') })).toBe('length');
  expect(readingOf({ resourceType: 'Observation', code: loinc('8306-3', '8308-9') }).position).toBeNull();
});

test('temperatures and lengths come in one unit, and a blood pressure needs both numbers', () => {
  expect(readingOf(measured('8310-5', 98.6, '[degF]', '2026-05-01')).number).toBeCloseTo(37, 9);
  const part = (code: string, value: number) => ({
    code: loinc(code),
    valueQuantity: { value, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
  });
  const pressure = (component: readonly unknown[]) =>
    readingOf({ resourceType: 'Observation', code: loinc('85354-9', '55284-4'), component });
  expect(pressure([part('8480-6', 92), part('8462-4', 54)]).pressure).toEqual({
    systolic: 92,
    diastolic: 54,
  });
  expect(pressure([part('8480-6', 92)])).toMatchObject({ pressure: null, text: '92 mmHg' });
  expect(pressure([part('8480-6', 92), part('8480-6', 95), part('8462-4', 54)]).pressure).toBeNull();
});

test('codings of the former system stand without a system', () => {
  const former = {
    resourceType: 'Observation',
    code: { coding: [{ code: '55284-4' }] },
    component: [
      { code: { coding: [{ code: '8480-6' }] }, valueQuantity: { value: 100, unit: 'mmHg' } },
      { code: { coding: [{ code: '8462-4' }] }, valueQuantity: { value: 60, unit: 'mmHg' } },
    ],
  };
  expect(readingOf(former).pressure).toEqual({ systolic: 100, diastolic: 60 });
});
