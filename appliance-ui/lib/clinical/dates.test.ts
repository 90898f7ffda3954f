import { describe, expect, test } from 'vitest';
import {
  addDays,
  addMonths,
  ageAt,
  type Civil,
  civilAt,
  civilFrom,
  civilOfDay,
  dayNumber,
  dayOf,
  daysBetween,
  parseCivil,
  parseFhirDate,
  sortKey,
} from './dates.ts';

const day = (text: string): Civil => {
  const date = parseCivil(text);
  if (!date) throw new Error(`${text} is not a day`);
  return date;
};

describe('civil dates', () => {
  test('takes only days that exist', () => {
    expect(parseCivil('2024-02-29')).toBe('2024-02-29');
    for (const bad of [
      '2026-02-29',
      '2026-13-01',
      '2026-00-10',
      '2026-04-31',
      '26-04-01',
      '2026-04-01 ',
      7,
      null,
    ])
      expect(parseCivil(bad)).toBeNull();
    expect(parseCivil('1900-02-29')).toBeNull();
    expect(parseCivil('2000-02-29')).toBe('2000-02-29');
    expect(civilFrom(2026, 4, 1.5)).toBeNull();
  });

  test('counts the same days as the calendar over four centuries', () => {
    let date = day('1900-01-01');
    for (let n = dayNumber(date); n < 120_000; n += 97) {
      const back = civilOfDay(n);
      expect(back).not.toBeNull();
      if (back) expect(dayNumber(back)).toBe(n);
    }
    expect(dayNumber(day('1970-01-01'))).toBe(0);
    expect(dayNumber(day('1969-12-31'))).toBe(-1);
    for (let i = 0; i < 800; i++) {
      const next = addDays(date, 1);
      expect(next).toBe(new Date((dayNumber(date) + 1) * 86_400_000).toISOString().slice(0, 10));
      date = next ?? date;
    }
    expect(daysBetween(day('2024-02-28'), day('2024-03-01'))).toBe(2);
  });

  test('keeps a birth date on its day in every zone', () => {
    const born = '2012-02-19';
    for (const zone of ['America/Los_Angeles', 'Pacific/Auckland', 'UTC']) {
      process.env.TZ = zone;
      const read = parseFhirDate(born);
      expect(dayOf(read)).toBe(born);
      expect(ageAt(day(born), day('2026-02-19'))?.years).toBe(14);
    }
    delete process.env.TZ;
  });

  test('completes months and years as people count them', () => {
    expect(ageAt(day('2025-08-20'), day('2026-11-25'))).toEqual({ days: 462, months: 15, years: 1 });
    expect(ageAt(day('2025-08-20'), day('2026-11-19'))?.months).toBe(14);
    expect(ageAt(day('2026-01-31'), day('2026-02-27'))?.months).toBe(0);
    expect(ageAt(day('2026-01-31'), day('2026-02-28'))?.months).toBe(1);
    expect(ageAt(day('2024-02-29'), day('2025-02-27'))?.years).toBe(0);
    expect(ageAt(day('2024-02-29'), day('2025-02-28'))?.years).toBe(1);
    expect(ageAt(day('2026-11-25'), day('2026-11-25'))).toEqual({ days: 0, months: 0, years: 0 });
    expect(ageAt(day('2026-11-25'), day('2026-11-24'))).toBeNull();
  });

  test('adds months without leaving the month', () => {
    expect(addMonths(day('2026-01-31'), 1)).toBe('2026-02-28');
    expect(addMonths(day('2024-01-31'), 1)).toBe('2024-02-29');
    expect(addMonths(day('2026-12-15'), 1)).toBe('2027-01-15');
    expect(addMonths(day('2026-01-15'), -1)).toBe('2025-12-15');
  });

  test('reads partial dates with the precision they have', () => {
    expect(parseFhirDate('2019')).toEqual({ is: 'year', year: 2019 });
    expect(parseFhirDate('2019-05')).toEqual({ is: 'month', year: 2019, month: 5 });
    expect(parseFhirDate('2019-05-02')).toEqual({ is: 'day', day: '2019-05-02' });
    for (const bad of ['', '2019-5', '2019-13', '2019-02-30', 'May 2019', '2019-05-02x', '0000', undefined])
      expect(parseFhirDate(bad)).toBeNull();
  });

  test('takes the day that the writer of a moment wrote', () => {
    expect(dayOf(parseFhirDate('2026-11-25T21:30:00-05:00'))).toBe('2026-11-25');
    expect(dayOf(parseFhirDate('2026-11-26T02:30:00Z'))).toBe('2026-11-26');
    expect(dayOf(parseFhirDate('2026-11-26T02:30:00.123Z'))).toBe('2026-11-26');
  });

  test('sorts partial dates among whole ones', () => {
    const sorted = ['2019-05-02', '2019', '2019-05', '2018-12-31']
      .map((text) => parseFhirDate(text))
      .filter((date) => date !== null)
      .map(sortKey)
      .sort();
    expect(sorted).toEqual(['2018-12-31', '2019', '2019-05', '2019-05-02']);
  });

  test('knows the day of a moment in a zone', () => {
    const moment = Date.UTC(2026, 10, 26, 2, 30) / 1000;
    expect(civilAt(moment, 'America/New_York')).toBe('2026-11-25');
    expect(civilAt(moment, 'UTC')).toBe('2026-11-26');
  });
});
