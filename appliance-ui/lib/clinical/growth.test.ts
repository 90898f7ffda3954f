import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import otherFile from './data/growth-who-other.json' with { type: 'json' };
import {
  between,
  correction,
  curveByAge,
  daysPerMonth,
  exact,
  extendedBmi,
  type GrowthFile,
  type GrowthSex,
  type GrowthTables,
  type Lms,
  lmsByAge,
  loadGrowth,
  referenceAt,
  score,
  scoreBmi,
  valueAt,
  whoWeightZ,
  zOf,
} from './growth.ts';
import { below, zBelow } from './normal.ts';

interface CdcVector {
  sex: 'm' | 'f';
  agemos: number;
  weight: number;
  stature: number;
  bmi: number;
  waz: number;
  haz: number;
  bmizLms: number;
  bmizExt: number;
  bmipctExt: number;
  bmi95: number;
}
interface WhoVector {
  measure: string;
  sex: 'm' | 'f';
  x: number;
  value: number;
  z: number;
}
const root = join(import.meta.dirname, '..', '..', '..');
const vectors: { cdc2000: CdcVector[]; who2006: WhoVector[] } = JSON.parse(
  readFileSync(join(root, 'tests', 'vectors', 'growth.json'), 'utf8'),
);
const sexOf = (letter: 'm' | 'f'): GrowthSex => (letter === 'm' ? 'male' : 'female');
const found = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new Error('nothing there');
  return value;
};
const other: GrowthFile = otherFile;

let tables: GrowthTables;
beforeAll(async () => {
  tables = await loadGrowth();
});

const raw = (file: GrowthFile, name: string, sex: 'm' | 'f') => found(file.tables[`${name}/${sex}`]);

describe('growth vectors', () => {
  test('reproduces the program of CDC on three hundred children', () => {
    expect(vectors.cdc2000).toHaveLength(300);
    for (const child of vectors.cdc2000) {
      const at = (name: string): Lms => found(between(raw(tables.cdc, name, child.sex), child.agemos));
      expect(zOf(at('weight'), child.weight)).toBeCloseTo(child.waz, 8);
      expect(Math.abs(zOf(at('length'), child.stature) - child.haz)).toBeLessThan(1e-3);
      const bmi = at('bmi');
      expect(zOf(bmi, child.bmi)).toBeCloseTo(child.bmizLms, 6);
      expect(extendedBmi(bmi, sexOf(child.sex), child.agemos).p95).toBeCloseTo(child.bmi95, 6);
      const scored = scoreBmi(bmi, sexOf(child.sex), child.agemos, child.bmi);
      expect(Math.abs(scored.z - child.bmizExt)).toBeLessThan(2e-6);
      expect(scored.percentile).toBeCloseTo(child.bmipctExt, 6);
    }
    expect(vectors.cdc2000.filter((child) => child.bmi > child.bmi95)).toHaveLength(100);
  });

  test('reproduces the printed standard deviation lines of WHO', () => {
    expect(vectors.who2006).toHaveLength(540);
    const names: Record<string, readonly [GrowthFile, string]> = {
      'weight-for-age': [tables.who, 'weight'],
      'length-height-for-age': [tables.who, 'length'],
      'head-circumference-for-age': [tables.who, 'head'],
      'weight-for-length': [tables.who, 'weight-for-length'],
      'bmi-for-age': [other, 'bmi'],
      'weight-for-height': [other, 'weight-for-height'],
    };
    for (const row of vectors.who2006) {
      const [file, name] = found(names[row.measure]);
      const lms = found(between(raw(file, name, row.sex), row.x));
      expect(Math.abs(zOf(lms, row.value) - row.z)).toBeLessThan(0.003);
      expect(Math.abs(whoWeightZ(lms, row.value) - row.z)).toBeLessThan(0.003);
    }
  });

  test('holds the same numbers as the tables of the demo, digit for digit', () => {
    const folder = join(root, 'firmware', 'appliance', 'data', 'growth');
    const files: readonly (readonly [string, GrowthFile, string])[] = [
      ['who2006_weight-for-age_0-730d.csv', tables.who, 'weight'],
      ['who2006_length-height-for-age_0-730d.csv', tables.who, 'length'],
      ['who2006_head-circumference-for-age_0-730d.csv', tables.who, 'head'],
      ['cdc2000_weight-for-age_2-20y.csv', tables.cdc, 'weight'],
      ['cdc2000_stature-for-age_2-20y.csv', tables.cdc, 'length'],
      ['cdc2000_head-circumference-for-age_24-36mo.csv', tables.cdc, 'head'],
    ];
    for (const [csv, file, name] of files) {
      const lines = readFileSync(join(folder, csv), 'utf8').trim().split('\n').slice(1);
      expect(lines.length).toBeGreaterThan(20);
      for (const line of lines) {
        const [sex, x, l, m, s] = line.split(',');
        const lms = found(between(raw(file, name, sex === 'm' ? 'm' : 'f'), Number(x)));
        expect([lms.l, lms.m, lms.s]).toEqual([Number(l), Number(m), Number(s)]);
      }
    }
  });
});

describe('growth by age', () => {
  const p = (measure: 'weight' | 'length' | 'head' | 'bmi', sex: GrowthSex, ageDays: number, value: number) =>
    found(score(tables, { measure, sex, ageDays, value })).percentile;

  test('puts a boy of 24 months and 12.15 kg in the middle', () => {
    expect(p('weight', 'male', 730, 12.15)).toBeCloseTo(50, 0);
  });

  test('puts the head of a boy of 11 months with 41.9 cm below the first percentile', () => {
    expect(p('head', 'male', Math.round(11 * daysPerMonth), 41.9)).toBeLessThan(1);
  });

  test('steps from lying to standing between day 730 and day 731, and interpolates nothing there', () => {
    const standing = found(exact(raw(other, 'height', 'f'), 731));
    expect(Math.round(p('length', 'female', 730, 86.4))).toBe(50);
    expect(Math.round(100 * below(zOf(standing, 85.7)))).toBe(50);
    expect(exact(raw(other, 'height', 'f'), 730.5)).toBeNull();
    expect(referenceAt(730)).toBe('who');
    expect(referenceAt(731)).toBe('cdc');
    expect(found(lmsByAge(tables, 'length', 'female', 730)).m).toBe(86.4008);
    expect(lmsByAge(tables, 'length', 'female', 730.5)).toBeNull();
    expect(found(lmsByAge(tables, 'length', 'female', 731)).m).toBeLessThan(85.8);
  });

  test('puts a boy of 15 years and 170.1 cm, and a girl of 18 years and 56.2 kg, in the middle', () => {
    const near = (percentile: number) => Math.abs(percentile - 50);
    expect(near(p('length', 'male', Math.round(15 * 365.25), 170.1))).toBeLessThan(1);
    expect(near(p('weight', 'female', Math.round(18 * 365.25), 56.2))).toBeLessThan(1);
  });

  test('interpolates between the rows of CDC and does not take the row below', () => {
    const weight = found(score(tables, { measure: 'weight', sex: 'female', ageDays: 775, value: 10 }));
    const stature = found(score(tables, { measure: 'length', sex: 'female', ageDays: 775, value: 82 }));
    expect(weight.z).toBeCloseTo(-2.059, 3);
    expect(weight.percentile).toBeCloseTo(2, 1);
    expect(stature.z).toBeCloseTo(-1.198, 3);
    expect(stature.percentile).toBeCloseTo(11.5, 1);
  });

  test('reads a BMI above the 95th percentile by the extended method', () => {
    const months = 120;
    const lms = found(lmsByAge(tables, 'bmi', 'male', Math.round(months * daysPerMonth)));
    const { p95, sigma } = extendedBmi(lms, 'male', months);
    const scored = scoreBmi(lms, 'male', months, p95 + sigma);
    expect(scored.percentile).toBeCloseTo(90 + 10 * below(1), 9);
    expect(scored.z).toBeCloseTo(zBelow(0.9 + 0.1 * below(1)), 9);
    expect(scored.z).toBeLessThan(zOf(lms, p95 + sigma) + 1);
    expect(scoreBmi(lms, 'male', months, p95 + 9 * sigma).percentile).toBeLessThanOrEqual(100);
    expect(scoreBmi(lms, 'male', months, p95 + 9 * sigma).z).toBeGreaterThan(8);
  });

  test('has no BMI before, and no weight for length after, 24 months', () => {
    expect(score(tables, { measure: 'bmi', sex: 'male', ageDays: 730, value: 16 })).toBeNull();
    expect(score(tables, { measure: 'bmi', sex: 'male', ageDays: 731, value: 16 })).not.toBeNull();
    const long = { measure: 'weight-for-length', sex: 'male', value: 10, length: 76.2 } as const;
    const scored = found(score(tables, { ...long, ageDays: 400 }));
    expect(scored.percentile).toBeGreaterThan(1);
    expect(scored.percentile).toBeLessThan(99);
    expect(score(tables, { ...long, ageDays: 731 })).toBeNull();
    expect(score(tables, { measure: 'weight-for-length', sex: 'male', value: 10, ageDays: 400 })).toBeNull();
  });

  test('ends with its tables and answers nothing beyond them', () => {
    expect(score(tables, { measure: 'weight', sex: 'male', ageDays: -1, value: 3 })).toBeNull();
    expect(score(tables, { measure: 'weight', sex: 'male', ageDays: 7305, value: 70 })).not.toBeNull();
    expect(score(tables, { measure: 'weight', sex: 'male', ageDays: 7400, value: 70 })).toBeNull();
    expect(score(tables, { measure: 'head', sex: 'male', ageDays: 1200, value: 50 })).toBeNull();
    expect(score(tables, { measure: 'weight', sex: 'male', ageDays: 400, value: 0 })).toBeNull();
  });

  test('corrects the age of a child born before 37 weeks through day 730 and not after', () => {
    const weeks33 = 33 * 7;
    expect(correction(400, weeks33)).toBe(49);
    expect(correction(730, weeks33)).toBe(49);
    expect(correction(731, weeks33)).toBe(0);
    expect(correction(400, 37 * 7)).toBe(0);
    expect(correction(400, 36 * 7 + 6)).toBe(22);
    expect(correction(400, null)).toBe(0);
  });

  test('goes on beyond three standard deviations in the steps of WHO', () => {
    const lms = found(lmsByAge(tables, 'weight', 'female', 365));
    const [two, three] = [valueAt(lms, 2), valueAt(lms, 3)];
    expect(whoWeightZ(lms, three + (three - two))).toBeCloseTo(4, 9);
    expect(whoWeightZ(lms, valueAt(lms, 2.5))).toBeCloseTo(2.5, 9);
    expect(zOf({ l: 0, m: 10, s: 0.1 }, 10 * Math.exp(0.2))).toBeCloseTo(2, 9);
    expect(valueAt({ l: 0, m: 10, s: 0.1 }, 2)).toBeCloseTo(10 * Math.exp(0.2), 9);
  });

  test('draws a line through the values that score its percentile', () => {
    for (const percentile of [3, 50, 97]) {
      const line = curveByAge(tables, 'bmi', 'female', percentile, { from: 731, to: 7305, step: 30 });
      expect(line.length).toBeGreaterThan(200);
      for (const [day, value] of line.filter((_, row) => row % 20 === 0))
        expect(p('bmi', 'female', day, value)).toBeCloseTo(percentile, 6);
    }
    const weight = curveByAge(tables, 'weight', 'male', 97, { from: 0, to: 730, step: 7 });
    expect(weight[0]?.[0]).toBe(0);
    expect(weight.at(-1)?.[0]).toBe(730);
  });
});

describe('the normal distribution', () => {
  test('agrees with printed values and undoes itself', () => {
    expect(below(0)).toBe(0.5);
    expect(below(1.959963984540054)).toBeCloseTo(0.975, 14);
    expect(below(-5) / 2.866515718791939e-7).toBeCloseTo(1, 10);
    expect(below(-8) / 6.22096057427178e-16).toBeCloseTo(1, 10);
    for (const p of [1e-12, 1e-6, 0.001, 0.0243, 0.2, 0.5, 0.77, 0.999])
      expect(below(zBelow(p)) / p).toBeCloseTo(1, 9);
    expect(zBelow(0)).toBeNaN();
    expect(zBelow(1)).toBeNaN();
    expect(below(Number.NaN)).toBeNaN();
  });
});
