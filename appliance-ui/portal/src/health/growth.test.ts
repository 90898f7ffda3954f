import { parseCivil } from '@relaybox/lib/clinical/dates';
import type { GrowthTables } from '@relaybox/lib/clinical/growth';
import { loadGrowth } from '@relaybox/lib/clinical/growth';
import { growthOf } from '@relaybox/lib/clinical/growth-path';
import { chartOf, measured } from '@relaybox/lib/clinical/testing';
import { beforeAll, expect, test } from 'vitest';
import { measuresFor } from './growth.tsx';
import { spanOf } from './growth-chart.tsx';
import { measureText, temperatureText } from './units.ts';

let tables: GrowthTables;
beforeAll(async () => {
  tables = await loadGrowth();
});

const pathOf = (head: boolean) => {
  const born = parseCivil('2020-01-01');
  if (!born) throw new Error('no day');
  const chart = chartOf(head ? [{ resource: measured('9843-4', 40, 'cm', '2020-05-01') }] : []);
  return growthOf(chart, { born, sex: 'female' }, tables);
};

test('weight for length is offered before two years, BMI from then on, and a head only where it was measured', () => {
  expect(measuresFor(730, pathOf(false))).toEqual(['weight', 'length', 'head', 'weight-for-length']);
  expect(measuresFor(731, pathOf(false))).toEqual(['weight', 'length', 'bmi']);
  expect(measuresFor(731, pathOf(true))).toEqual(['weight', 'length', 'head', 'bmi']);
});

test('the first chart ends at 24 months and the second begins the day after', () => {
  expect(spanOf('who', 'weight', 700)).toMatchObject({ from: 0, to: 730, unit: 'months' });
  expect(spanOf('cdc', 'weight', 800)).toMatchObject({ from: 731, unit: 'years', ticks: [2, 3, 4, 5] });
  expect(spanOf('cdc', 'bmi', 6000).to).toBe(7305);
  expect(spanOf('cdc', 'head', 800).to).toBeLessThanOrEqual(36 * 30.4375);
});

test('a chart always reaches beyond the newest dot', () => {
  for (let day = 0; day <= 7305; day += 37) {
    const reference = day <= 730 ? 'who' : 'cdc';
    const { to } = spanOf(reference, 'weight', day);
    expect(to, String(day)).toBeGreaterThanOrEqual(day);
  }
});

test('pounds have ounces under two years and decimals after, kilograms never', () => {
  expect(measureText('en', 'us', 'weight', 10.54, 462)).toBe('23 lb 4 oz');
  expect(measureText('en', 'us', 'weight', 13.8, 760)).toBe('30.4 lb');
  expect(measureText('es', 'metric', 'weight', 10.54, 462)).toBe('10.54 kg');
  expect(measureText('en', 'us', 'length', 76.2, 462)).toBe('30.0 in');
  expect(measureText('es', 'metric', 'head', 46.24, 462)).toBe('46.2 cm');
  expect(measureText('en', 'us', 'bmi', 16.04, 1000)).toBe('16.0');
  expect(temperatureText('en', 'us', 37)).toBe('98.6 °F');
  expect(temperatureText('es', 'metric', 37)).toBe('37.0 °C');
});
