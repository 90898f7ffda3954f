import { expect, test } from 'vitest';
import { momentOf, whenIn } from './when.ts';

const noon = Date.parse('2026-11-25T12:00:00') / 1000;
const now = () => (noon + 3600) * 1000;

test('moments of today and yesterday are named, others carry their date', () => {
  const en = whenIn('en', now);
  expect(en.moment(noon)).toBe('Today, 12:00 pm');
  expect(en.moment(noon - 86_400)).toBe('Yesterday, 12:00 pm');
  expect(en.moment(noon - 5 * 86_400)).toBe('Nov 20, 2026, 12:00 pm');
  expect(en.date(noon)).toBe('November 25');
  expect(en.date(noon - 400 * 86_400)).toContain('2025');
});

test('Spanish moments are those of Spanish in the United States', () => {
  const es = whenIn('es', now);
  expect(es.day(noon)).toBe('25 nov 2026');
  expect(es.time(noon + 2.5 * 3600)).toBe('2:30 p. m.');
  expect(es.date(noon)).toBe('25 de noviembre');
});

test('a civil date does not shift with the zone, and what is no date stays as it is', () => {
  expect(whenIn('en', now).civil('2026-01-01')).toBe('Jan 1, 2026');
  expect(whenIn('en', now).civil('2026-13-77')).toBe('2026-13-77');
  expect(whenIn('en', now).civil('<b>')).toBe('<b>');
});

test('a day that was written without a time is shown as that day in every zone', () => {
  for (const [text, day] of [
    ['2026-10-09', 'Oct 9, 2026'],
    ['2026-01-01', 'Jan 1, 2026'],
    ['2026-07', 'Jul 1, 2026'],
    ['2026', 'Jan 1, 2026'],
  ] as const) {
    const at = momentOf(text) ?? 0;
    expect(whenIn('en', now).day(at)).toBe(day);
    // Noon: no zone of the earth takes it to another day.
    expect(new Date(at * 1000).getHours()).toBe(12);
  }
  expect(momentOf('2026-10-09T10:00:00Z')).toBe(Date.parse('2026-10-09T10:00:00Z') / 1000);
  expect(momentOf('some day')).toBeNull();
  expect(momentOf(null)).toBeNull();
});

test('inside a sentence a moment reads as people say it', () => {
  expect(whenIn('en', now).said(noon)).toBe('today at 12:00 pm');
  expect(whenIn('en', now).said(noon - 5 * 86_400)).toBe('on Nov 20, 2026 at 12:00 pm');
  expect(whenIn('es', now).said(noon - 86_400)).toBe('ayer a las 12:00 p. m.');
  expect(whenIn('es', now).said(noon + 3600)).toBe('hoy a la 1:00 p. m.');
});
