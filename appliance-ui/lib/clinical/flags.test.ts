import { describe, expect, test } from 'vitest';
import { compare, flagOf, type Measured, markOf, parseRange } from './flags.ts';
import { rangeRows, rangeSources, tableRange } from './ranges.ts';

const of = (
  value: number,
  unit: string | null = 'g/dL',
  comparator: Measured['comparator'] = null,
): Measured => ({
  value,
  unit,
  comparator,
});
const hemoglobin = { coding: [{ system: 'http://loinc.org', code: '718-7' }] };
const toddler = { months: 15, sex: 'male' } as const;

describe('flags', () => {
  test('takes the mark of the laboratory first', () => {
    const low = { code: hemoglobin, interpretation: [{ coding: [{ code: 'L' }] }] };
    expect(flagOf(low, of(10.1), toddler)).toEqual({ is: 'below', by: 'mark', range: null });
    expect(markOf([{ coding: [{ code: 'N' }] }, { coding: [{ code: 'HH' }] }])).toBe('critical-high');
    expect(markOf('abnormal')).toBe('outside');
    expect(markOf([{ coding: [{ code: 'POS' }] }])).toBeNull();
    expect(markOf(undefined)).toBeNull();
  });

  test('believes the range of the record over the table', () => {
    const own = { code: hemoglobin, referenceRange: [{ text: '9.5 - 14.0' }] };
    expect(flagOf(own, of(10.1), toddler)).toMatchObject({
      is: 'inside',
      by: 'range',
      range: { from: 'record' },
    });
    expect(flagOf({ code: hemoglobin }, of(10.1), toddler)).toMatchObject({
      is: 'below',
      by: 'table',
      range: { from: 'table', source: 'cdc-1998' },
    });
  });

  test('calls nobody inside who passes a limit with one side only', () => {
    expect(flagOf({ code: hemoglobin }, of(17.1), toddler).is).toBe('not-below');
    const lead = { code: { coding: [{ system: 'http://loinc.org', code: '77307-7' }] } };
    expect(flagOf(lead, of(1.2, 'ug/dL'), toddler).is).toBe('not-above');
    expect(flagOf(lead, of(3.5, 'ug/dL'), toddler).is).toBe('above');
    const own = { ...lead, referenceRange: [{ text: 'below 3.5' }] };
    expect(flagOf(own, of(1.2, 'ug/dL'), toddler).is).toBe('inside');
  });

  test('does not put the table in the place of a range that it cannot read', () => {
    const odd = { code: hemoglobin, referenceRange: [{ text: 'see comment' }] };
    expect(flagOf(odd, of(10.1), toddler)).toMatchObject({ is: 'unknown', range: { text: 'see comment' } });
    const two = { code: hemoglobin, referenceRange: [{ text: '9 - 12' }, { text: '11 - 14' }] };
    expect(flagOf(two, of(10.1), toddler)).toMatchObject({
      is: 'unknown',
      range: { text: '9 - 12; 11 - 14' },
    });
    const other = { code: hemoglobin, referenceRange: [{ low: { value: 110, code: 'g/L' } }] };
    expect(flagOf(other, of(10.1), toddler).is).toBe('unknown');
  });

  test('calls it unclear when mark and range contradict each other, and never hides a critical mark', () => {
    const marked = (code: string) => ({
      code: hemoglobin,
      interpretation: [{ coding: [{ code }] }],
      referenceRange: [{ low: { value: 11 }, high: { value: 14 } }],
    });
    expect(flagOf(marked('N'), of(10), toddler).is).toBe('unclear');
    expect(flagOf(marked('L'), of(12), toddler).is).toBe('unclear');
    expect(flagOf(marked('L'), of(10), toddler).is).toBe('below');
    expect(flagOf(marked('A'), of(15), toddler).is).toBe('outside');
    expect(flagOf(marked('LL'), of(12), toddler).is).toBe('critical-low');
  });

  test('says unknown without a range, and nothing of words', () => {
    const sodium = { code: { coding: [{ system: 'http://loinc.org', code: '2951-2' }] } };
    expect(flagOf(sodium, of(140, 'mmol/L'), toddler)).toEqual({ is: 'unknown', by: null, range: null });
    expect(flagOf(sodium, null, toddler).is).toBe('none');
  });

  test('reads only ranges of a plain form', () => {
    const both = { low: { value: 11, inside: true }, high: { value: 14, inside: true } };
    for (const text of ['11.0 - 14.0', '11–14', '11 to 14', '11.0-14.0 g/dL'])
      expect(parseRange(text, 'g/dL')).toEqual(both);
    expect(parseRange('below 3.5', null)).toEqual({ low: null, high: { value: 3.5, inside: false } });
    expect(parseRange('≥ 40', null)).toEqual({ low: { value: 40, inside: true }, high: null });
    for (const text of ['', 'negative', '14 - 11', '-2 - 2', '11 - 14 (male)', '1:40'])
      expect(parseRange(text, 'g/dL')).toBeNull();
  });

  test('says of a bounded value only what must be true', () => {
    const limits = { low: { value: 11, inside: true }, high: { value: 14, inside: true } };
    expect(compare(of(11, null, '<'), limits)).toBe('below');
    expect(compare(of(11, null, '<='), limits)).toBe('unknown');
    expect(compare(of(13, null, '<'), limits)).toBe('unknown');
    expect(compare(of(14, null, '>'), limits)).toBe('above');
    const most = { low: null, high: { value: 3.5, inside: false } };
    expect(compare(of(1, null, '<'), most)).toBe('inside');
    expect(compare(of(3.5, null, '<'), most)).toBe('inside');
    expect(compare(of(3.5, null, '<='), most)).toBe('unknown');
    expect(compare(of(3.5), most)).toBe('above');
    expect(compare(of(3.4), most)).toBe('inside');
    const least = { low: { value: 45, inside: false }, high: null };
    expect(compare(of(45), least)).toBe('below');
    expect(compare(of(45, null, '>'), least)).toBe('inside');
  });
});

/** LOINC's check digit: mod 10 over the digits before the hyphen (LOINC Users' Guide). */
const checkDigit = (code: string): boolean => {
  const [digits = '', check = ''] = code.split('-');
  const odd = [...digits]
    .reverse()
    .filter((_, place) => place % 2 === 0)
    .reverse()
    .join('');
  const even = [...digits]
    .reverse()
    .filter((_, place) => place % 2 === 1)
    .reverse()
    .join('');
  const sum = [...`${even}${Number(odd) * 2}`].reduce((total, digit) => total + Number(digit), 0);
  return (10 - (sum % 10)) % 10 === Number(check);
};

describe('the table of ranges', () => {
  test('names a source for each row, and codes whose check digit holds', () => {
    expect(rangeRows.length).toBeGreaterThan(25);
    for (const row of rangeRows) {
      expect(Object.keys(rangeSources)).toContain(row.source);
      expect(row.low ?? row.high).not.toBeNull();
      for (const code of row.loinc) expect(checkDigit(code), code).toBe(true);
    }
    expect(checkDigit('718-8')).toBe(false);
  });

  test('has at most one row for a child, and none for an age, sex or unit that it does not know', () => {
    for (let months = 0; months < 260; months++)
      for (const sex of ['female', 'male'] as const)
        for (const { loinc, units } of rangeRows) {
          const [unit = ''] = units;
          const fits = rangeRows.filter(
            (row) =>
              row.loinc.join() === loinc.join() &&
              months >= row.from &&
              (row.to === null || months < row.to) &&
              (row.sex === null || row.sex === sex),
          );
          expect(fits.length).toBeLessThanOrEqual(1);
          expect(tableRange(loinc, unit, { months, sex })).toBe(fits[0] ?? null);
        }
    expect(tableRange(['718-7'], 'g/dL', { months: 3, sex: 'male' })).toBeNull();
    expect(tableRange(['718-7'], 'g/dL', { months: 160, sex: null })).toBeNull();
    expect(tableRange(['718-7'], 'g/L', { months: 15, sex: 'male' })).toBeNull();
    expect(tableRange(['718-7'], 'g/dL', { months: null, sex: 'male' })).toBeNull();
    expect(tableRange(['718-7'], 'g/dL', { months: 15, sex: null })?.low?.value).toBe(11);
  });
});
