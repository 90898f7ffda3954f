import { expect, test } from 'vitest';
import { ageOn, ageWords } from './age.ts';

const on = (born: string, today: string) => {
  const age = ageOn(born, new Date(`${today}T12:00:00`));
  return age ? ageWords(age, 'en') : null;
};

test('an age grows by whole days, weeks, months and years', () => {
  expect(on('2026-11-20', '2026-11-25')).toBe('5 days');
  expect(on('2026-11-01', '2026-11-25')).toBe('3 weeks');
  expect(on('2025-08-20', '2026-11-25')).toBe('15 months');
  expect(on('2025-08-26', '2026-11-25')).toBe('14 months');
  expect(on('2019-11-26', '2026-11-25')).toBe('6 years');
  expect(on('2019-11-25', '2026-11-25')).toBe('7 years');
});

test('a child of the leap day is a year older on March 1', () => {
  expect(on('2024-02-29', '2026-02-28')).toBe('23 months');
  expect(on('2024-02-29', '2026-03-01')).toBe('2 years');
});

test('no age before birth, and none for what is no date', () => {
  expect(on('2026-11-26', '2026-11-25')).toBeNull();
  expect(on('soon', '2026-11-25')).toBeNull();
  expect(ageOn(null, new Date())).toBeNull();
});
