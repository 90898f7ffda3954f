import { beforeAll, describe, expect, test } from 'vitest';
import { parseCivil } from './dates.ts';
import { type GrowthTables, loadGrowth } from './growth.ts';
import { growthOf, newestPlace } from './growth-path.ts';
import { chartOf, measured, type Written } from './testing.ts';

const born = (() => {
  const day = parseCivil('2024-08-20');
  if (!day) throw new Error('no day');
  return day;
})();

let tables: GrowthTables;
beforeAll(async () => {
  tables = await loadGrowth();
});

const grow = (written: readonly Written[], sex: 'female' | 'male' | null = 'male', birth = born) =>
  growthOf(chartOf(written), { born: birth, sex }, tables);
const weight = (kg: number, on: string): Written => ({ resource: measured('29463-7', kg, 'kg', on) });

describe('growth of a chart', () => {
  test('places every weight by the age of its day, oldest first', () => {
    const { points } = grow([weight(10.54, '2025-11-25'), weight(3.4, '2024-08-20')]);
    expect(points.weight.map((point) => [point.ageDays, point.value])).toEqual([
      [0, 3.4],
      [462, 10.54],
    ]);
    expect(points.weight[1]?.score?.percentile).toBeGreaterThan(50);
    expect(newestPlace(points.weight)?.day).toBe('2025-11-25');
  });

  test('converts pounds and leaves out what has no certain unit, with the reason', () => {
    const stone = measured('29463-7', 2, '[stone_av]', '2025-09-01');
    const { points, left } = grow([
      { resource: measured('29463-7', 22, '[lb_av]', '2025-08-25') },
      { resource: stone },
      { resource: { ...measured('29463-7', 10, 'kg', '2025-09-02'), effectiveDateTime: '2025-09' } },
      weight(9, '2024-08-01'),
    ]);
    expect(points.weight.map((point) => point.value)).toEqual([22 * 0.45359237]);
    expect(left.weight.map(({ why }) => why)).toEqual(['unit', 'date', 'date']);
  });

  test('keeps points before 24 months with WHO and later ones with CDC', () => {
    const { points } = grow([weight(12.1, '2026-08-20'), weight(12.2, '2026-08-21')]);
    expect(points.weight.map((point) => [point.ageDays, point.reference])).toEqual([
      [730, 'who'],
      [731, 'cdc'],
    ]);
  });

  test('does not score a length on the chart of the other position', () => {
    const lying = (on: string): Written => ({ resource: measured(['8302-2', '8306-3'], 86, 'cm', on) });
    const { points } = grow([lying('2026-08-01'), lying('2026-09-01')]);
    expect(points.length.map(({ unscored }) => unscored)).toEqual([null, 'position']);
    expect(points.length[1]?.score).toBeNull();
  });

  test('has no place without a known sex, but keeps the dot', () => {
    const { points } = grow([weight(10, '2025-11-25')], null);
    expect(points.weight[0]).toMatchObject({ value: 10, score: null, unscored: 'sex' });
  });

  test('uses the due date for a child of 33 weeks through day 730, and birth afterwards', () => {
    const weeks: Written = { resource: measured('11884-4', 33, 'wk', '2024-08-20') };
    const { points, gestation } = grow([
      weeks,
      weight(2, '2024-08-20'),
      weight(10, '2026-08-20'),
      weight(10, '2026-08-21'),
    ]);
    expect(gestation).toBe(231);
    expect(points.weight.map((point) => [point.corrected, point.unscored])).toEqual([
      [49, 'before-term'],
      [49, null],
      [0, null],
    ]);
    const term = grow([weight(10, '2026-08-20')]).points.weight[0];
    expect(points.weight[1]?.score?.percentile).toBeGreaterThan(term?.score?.percentile ?? 100);
  });

  test('corrects nothing when two lengths of pregnancy are recorded', () => {
    const week = (n: number): Written => ({ resource: measured('11884-4', n, 'wk', '2024-08-20') });
    expect(grow([week(33), week(34), weight(10, '2025-08-20')])).toMatchObject({
      gestation: null,
      gestationUnclear: true,
    });
    expect(grow([week(33), week(33)]).gestationUnclear).toBe(false);
  });

  test('makes a BMI of a weight and the nearest height within thirty days only', () => {
    const height = (cm: number, on: string): Written => ({ resource: measured('8308-9', cm, 'cm', on) });
    const { points } = grow([
      weight(13, '2027-01-01'),
      height(90, '2027-01-31'),
      height(89, '2026-12-20'),
      weight(14, '2027-06-01'),
      height(93, '2027-07-02'),
    ]);
    expect(points.bmi).toHaveLength(1);
    expect(points.bmi[0]?.value).toBeCloseTo(13 / 0.89 ** 2, 9);
    expect(points.bmi[0]?.score).not.toBeNull();
  });

  test('sets weight against length before two years, of one day only', () => {
    const { points } = grow([
      weight(9, '2025-08-20'),
      { resource: measured('8306-3', 75, 'cm', '2025-08-20') },
      weight(9.5, '2025-10-01'),
    ]);
    expect(points['weight-for-length']).toHaveLength(1);
    expect(points['weight-for-length'][0]).toMatchObject({ length: 75, value: 9 });
    expect(points.bmi).toHaveLength(0);
  });

  test('draws neither of two versions that contradict each other, nor what was withdrawn', () => {
    const { points, left } = grow([
      weight(10, '2025-11-25'),
      { resource: measured('29463-7', 10.2, 'kg', '2025-11-25'), links: [[0, 'correction']] },
      { resource: measured('29463-7', 10.4, 'kg', '2025-11-25'), links: [[0, 'correction']] },
      weight(11, '2025-12-25'),
      {
        resource: { ...measured('29463-7', 11, 'kg', '2025-12-25'), status: 'entered-in-error' },
        links: [[3, 'deletion']],
      },
    ]);
    expect(points.weight).toHaveLength(0);
    expect(left.weight.map(({ why }) => why)).toEqual(['conflict']);
  });

  test('shows a corrected weight once, with its last value', () => {
    const { points } = grow([
      weight(22, '2025-11-25'),
      { resource: measured('29463-7', 9.98, 'kg', '2025-11-25'), links: [[0, 'correction']] },
    ]);
    expect(points.weight.map((point) => point.value)).toEqual([9.98]);
  });

  test('shows both of two readings of one day', () => {
    expect(grow([weight(10, '2025-11-25'), weight(10.1, '2025-11-25')]).points.weight).toHaveLength(2);
  });
});
