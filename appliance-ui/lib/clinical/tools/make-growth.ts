/**
 * Writes `data/growth-*.json` from the published LMS tables.
 *
 *   node appliance-ui/lib/clinical/tools/make-growth.ts FOLDER
 *
 * FOLDER holds the CSV files named below (header `sex,x,L,M,S…`, sex m or f). Each must have the SHA-256 stated
 * here, so that the same numbers come out wherever it runs. Values are kept digit for digit; rows beyond the
 * ages in use are left out. `data/SOURCES.md` says where the files come from and under what terms.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Wanted {
  readonly file: string;
  readonly sha256: string;
  /** Name of the table in the output. */
  readonly table: string;
  /** First and last x that are kept. */
  readonly from: number;
  readonly to: number;
}

const who = (name: string, sha256: string, table: string, from: number, to: number): Wanted => ({
  file: `who2006_${name}.csv`,
  sha256,
  table,
  from,
  to,
});
const cdc = (name: string, sha256: string, table: string, from: number, to: number): Wanted => ({
  file: `cdc2000_${name}.csv`,
  sha256,
  table,
  from,
  to,
});

/** Output file → tables. WHO: by day, or by cm. CDC: by month. */
const outputs: { readonly [file: string]: readonly Wanted[] } = {
  'growth-who.json': [
    who(
      'weight-for-age',
      'fe6c0e6b18e0e2ff425a6919dfd9095948aa3d76549d78edcadceff7c1a22776',
      'weight',
      0,
      730,
    ),
    who(
      'length-height-for-age',
      'b4f16a1db0b06d7d32cedf2547e41c1d28f6cfe8078dd50567d8271f0804b0e2',
      'length',
      0,
      730,
    ),
    who(
      'head-circumference-for-age',
      'a47dc1b924532aee807e905d6cfa84172ebb892538d1eab8f1ece3af8f85517c',
      'head',
      0,
      730,
    ),
    who(
      'weight-for-length',
      '01a4afd748564c4e4a9148f4c9a7d4621397d8c0460d69405078f4edb5d4cb4e',
      'weight-for-length',
      45,
      110,
    ),
  ],
  'growth-who-other.json': [
    who('bmi-for-age', 'f3eda25a990913d7e14fafaba5aaeeadbd6937815695dfee1f9e84476d42b18f', 'bmi', 0, 730),
    who(
      'weight-for-height',
      '7d8be034d97e6c01ef331e5297b964686fd89d6a1ae6f920b6e9c80ce928eeaf',
      'weight-for-height',
      65,
      120,
    ),
    who(
      'length-height-for-age',
      'b4f16a1db0b06d7d32cedf2547e41c1d28f6cfe8078dd50567d8271f0804b0e2',
      'height',
      731,
      1856,
    ),
  ],
  'growth-cdc.json': [
    cdc(
      'weight-for-age_2-20y',
      'a7c0cce7ee25c472c3500b2109f5d64cff8a7bcb05605a661c5a511f3edaf6fb',
      'weight',
      24,
      240.5,
    ),
    cdc(
      'stature-for-age_2-20y',
      '723ea8134e17b111802cb420b051abacbdeca8c73235d4f4e5e20a171f77d989',
      'length',
      24,
      240.5,
    ),
    cdc(
      'head-circumference-for-age_0-36mo',
      '994ed66ff38f75d71a8b5b0712a4722f7fe44f7b3cc7efc34baf6335e188b4b0',
      'head',
      23.5,
      36,
    ),
    cdc(
      'bmi-for-age_2-20y',
      '1a550b51ebd92fde8858ff0b5de5570e652013f5b98f59ac4f621197ffc233da',
      'bmi',
      24,
      240.5,
    ),
  ],
};

type Column = readonly number[] | number;

/** One number where the whole column is the same. */
const column = (values: readonly number[]): Column => {
  const [first] = values;
  return first !== undefined && values.every((value) => value === first) ? first : values;
};

const table = (csv: string, sex: 'm' | 'f', from: number, to: number) => {
  const rows = csv
    .split('\n')
    .slice(1)
    .filter((line) => line.startsWith(`${sex},`))
    .map((line) => line.split(',').slice(1, 5).map(Number))
    .filter(([x]) => x !== undefined && x >= from && x <= to);
  if (rows.some((row) => row.length < 4 || row.some((cell) => !Number.isFinite(cell))))
    throw new Error('a row lacks a number');
  const cells = (index: number): number[] => rows.map((row) => row[index] ?? Number.NaN);
  return { x: cells(0), L: column(cells(1)), M: cells(2), S: column(cells(3)) };
};

/** A run of equal steps as its start and step. */
const axis = (x: readonly number[]): readonly number[] | { from: number; step: number; rows: number } => {
  const [first, second] = x;
  if (first === undefined || second === undefined) return x;
  const step = Math.round((second - first) * 10) / 10;
  const even = x.every((value, row) => Math.abs(value - (first + row * step)) < 1e-9);
  return even ? { from: first, step, rows: x.length } : x;
};

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: make-growth.ts FOLDER');
for (const [output, wanted] of Object.entries(outputs)) {
  const tables: Record<string, unknown> = {};
  for (const { file, sha256, table: name, from, to } of wanted) {
    const bytes = readFileSync(join(folder, file));
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== sha256) throw new Error(`${file} has SHA-256 ${found}, not ${sha256}`);
    for (const sex of ['f', 'm'] as const) {
      const { x, L, M, S } = table(bytes.toString('utf8'), sex, from, to);
      tables[`${name}/${sex}`] = { x: axis(x), L, M, S };
    }
  }
  const made = { source: wanted.map(({ file, sha256 }) => ({ file, sha256 })), tables };
  writeFileSync(join(import.meta.dirname, '..', 'data', output), `${JSON.stringify(made)}\n`);
}
