import { describe, expect, test } from 'vitest';
import { ageAt, parseCivil, parseFhirDate } from '../clinical/dates.ts';
import { ageText, counted, dateText, dayText, listText, numberText, paperDate } from './format.ts';

const day = (text: string) => {
  const date = parseCivil(text);
  if (!date) throw new Error(text);
  return date;
};

describe('formats', () => {
  test('writes a day as each language does', () => {
    expect(dayText('en', day('2026-11-25'))).toBe('Nov 25, 2026');
    expect(dayText('es', day('2026-11-25'))).toBe('25 nov 2026');
    expect(dayText('es', day('2026-09-10'))).toBe('10 sep 2026');
    expect(paperDate('en', day('2025-08-05'))).toBe('08/05/2025');
    expect(paperDate('es', day('2025-08-05'))).toBe('5 ago 2025');
  });

  test('says of a partial date no more than it knows', () => {
    const text = (date: string) => {
      const read = parseFhirDate(date);
      return read ? dateText('en', read) : '';
    };
    expect(text('2019')).toBe('2019');
    expect(text('2019-05')).toBe('May 2019');
    expect(text('2019-05-02T10:00:00-05:00')).toBe('May 2, 2019');
  });

  test('counts in the plural of each language', () => {
    expect(counted('en', 1, { one: 'dose', other: 'doses' })).toBe('1 dose');
    expect(counted('es', 2, { one: 'dosis', other: 'dosis' })).toBe('2 dosis');
    expect(counted('es', 1, { one: 'mes', other: 'meses' })).toBe('1 mes');
    expect(counted('en', 1204, { one: 'record', other: 'records' })).toBe('1,204 records');
  });

  test('keeps the decimals of a measurement, with a point in both languages', () => {
    expect(numberText('en', 10.5, 2)).toBe('10.50');
    expect(numberText('es', 10.54, 2)).toBe('10.54');
  });

  test('says an age in the unit that people use at that age', () => {
    const age = (born: string, on: string) => {
      const found = ageAt(day(born), day(on));
      return found ? [ageText('en', found), ageText('es', found)] : [];
    };
    expect(age('2026-11-17', '2026-11-26')).toEqual(['9 days', '9 días']);
    expect(age('2026-10-10', '2026-11-26')).toEqual(['6 weeks', '6 semanas']);
    expect(age('2025-08-20', '2026-11-25')).toEqual(['15 months', '15 meses']);
    expect(age('2019-05-02', '2026-11-25')).toEqual(['7 years', '7 años']);
  });

  test('lists in words', () => {
    expect(listText('en', ['a', 'b', 'c'])).toBe('a, b and c');
    expect(listText('es', ['a', 'b', 'c'])).toBe('a, b y c');
  });
});
