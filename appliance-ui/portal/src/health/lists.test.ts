import { parseCivil } from '@relaybox/lib/clinical/dates';
import { chartOf, measured, type Written } from '@relaybox/lib/clinical/testing';
import { kinds } from '@relaybox/lib/protocol/kinds';
import type { ChartView } from '@relaybox/lib/session/api';
import { expect, test } from 'vitest';
import { released } from './results.tsx';
import { daysOf } from './vitals.tsx';

const patient = { born: parseCivil('2025-08-20'), sex: 'male' } as const;
const report = (name: string, on: string, more: Record<string, unknown> = {}): Written => ({
  resource: {
    resourceType: 'DiagnosticReport',
    status: 'final',
    code: { text: name },
    effectiveDateTime: on,
    ...more,
  },
});
const names = (written: readonly Written[]) =>
  released(chartOf(written), patient).map(({ report: { name } }) => name);

test('results stand newest first, and what was cancelled or taken back is not among them', () => {
  expect(
    names([
      report('Old', '2026-01-01'),
      report('New', '2026-05-01'),
      report('Cancelled', '2026-06-01', { status: 'cancelled' }),
      report('Wrong', '2026-06-02'),
      { ...report('Wrong', '2026-06-02', { status: 'entered-in-error' }), links: [[3, 'deletion']] },
    ]),
  ).toEqual(['New', 'Old']);
});

test('a result that the family added stands among the results', () => {
  const outside = {
    ...report('From the hospital', '2026-03-01'),
    kind: kinds.outsideRecord,
    author: 'family',
  } as const;
  expect(names([outside])).toEqual(['From the hospital']);
});

test('an imaging report that was released stands among the results with what was read from it', () => {
  const imaging = report('Chest X-ray', '2026-04-01', {
    category: [{ coding: [{ code: 'RAD' }] }],
    conclusion: 'Clear lungs.',
  });
  const [found] = released(chartOf([imaging, report('Lead', '2026-01-01')]), patient);
  expect(found?.report).toMatchObject({ sort: 'imaging', name: 'Chest X-ray', conclusion: 'Clear lungs.' });
});

const viewOf = (written: readonly Written[]): ChartView => ({
  subject: {
    n: 1,
    key: 'aa'.repeat(32),
    standing: 'guardian',
    given: 'Ana',
    family: 'Ejemplo',
    born: '2025-08-20',
    sex: 'female',
    twin: null,
    compartments: ['chart'],
    access: { is: 'open' },
  },
  chart: chartOf(written),
  checked: new Map(),
  apart: [],
  pending: 0,
  sealed: 0,
  completeness: { k: written.length, n: written.length, destroyed: 0, officeWhole: true, missing: null },
  loading: null,
  asOf: 1,
});

test('measurements stand by day in one order, newest day first, without laboratory values', () => {
  const hemoglobin = {
    ...measured('718-7', 12, 'g/dL', '2026-05-01'),
    category: [{ coding: [{ code: 'laboratory' }] }],
  };
  const days = daysOf(
    viewOf([
      { resource: measured('8867-4', 120, '/min', '2026-05-01') },
      { resource: measured('29463-7', 10, 'kg', '2026-05-01T10:00:00-05:00') },
      { resource: hemoglobin },
      { resource: measured('29463-7', 11, 'kg', '2026-08-01') },
    ]),
  );
  expect(days.map(({ day, taken }) => [day, taken.map(({ reading }) => reading.sign)])).toEqual([
    ['2026-08-01', ['weight']],
    ['2026-05-01', ['weight', 'pulse']],
  ]);
});
