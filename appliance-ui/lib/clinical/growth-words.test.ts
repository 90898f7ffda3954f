import { describe, expect, test } from 'vitest';
import {
  barsBefore,
  lineUpEnds,
  percentileCell,
  percentileText,
  placeOf,
  placeSentence,
  type Told,
} from './growth-words.ts';

const place = (percentile: number) => {
  const found = placeOf(percentile);
  if (!found) throw new Error('no place');
  return found;
};
const told = (percentile: number, more: Partial<Told> = {}): Told => ({
  measure: 'weight',
  sex: 'male',
  place: place(percentile),
  name: 'Mateo',
  young: true,
  corrected: false,
  ...more,
});

describe('the sentence of a percentile', () => {
  test('says the place among a hundred in both languages', () => {
    expect(placeSentence('en', told(57.2))).toBe(
      'Out of 100 boys his age, about 57 weigh less than Mateo and 42 weigh more.',
    );
    expect(placeSentence('es', told(57.2))).toBe(
      'De cada 100 niños de su edad, unos 57 pesan menos que Mateo y 42 pesan más.',
    );
  });

  test('has forms for girls, for a reader about herself, and for each measure', () => {
    const girl = { sex: 'female', name: null } as const;
    expect(placeSentence('en', told(30, girl))).toBe(
      'Out of 100 girls your age, about 30 weigh less than you and 69 weigh more.',
    );
    expect(placeSentence('es', told(30, girl))).toBe(
      'De cada 100 chicas de tu edad, unas 30 pesan menos que tú y 69 pesan más.',
    );
    expect(placeSentence('en', told(30, { measure: 'length' }))).toContain(
      '30 are shorter than Mateo and 69 are taller',
    );
    expect(placeSentence('en', told(30, { measure: 'head' }))).toContain(
      '30 have a smaller head than Mateo and 69 have a larger one',
    );
    expect(placeSentence('es', told(30, { measure: 'bmi' }))).toContain(
      'tienen un IMC más bajo que Mateo y 69 lo tienen más alto',
    );
    expect(placeSentence('en', told(30, { measure: 'weight-for-length' }))).toContain(
      'boys of his length, about',
    );
  });

  test('never says the 0th or the 100th percentile, and never a zero', () => {
    for (let p = 0.01; p < 100; p += 0.13)
      for (const lang of ['en', 'es'] as const)
        for (const measure of ['weight', 'length', 'head', 'bmi', 'weight-for-length'] as const) {
          const said = [
            placeSentence(lang, told(p, { measure })),
            percentileText(lang, place(p)),
            percentileCell(place(p)),
            ...lineUpEnds(lang, measure, place(p)),
          ].join(' ');
          expect(said).not.toMatch(/\b0\b|\b0th|\b100th|percentil 100\b|percentil 0\b/);
        }
    expect(placeSentence('en', told(0.4))).toBe('Fewer than 1 in 100 boys his age weigh less than Mateo.');
    expect(placeSentence('en', told(99.6, { measure: 'head' }))).toBe(
      'Fewer than 1 in 100 boys his age have a larger head than Mateo.',
    );
    expect(placeSentence('es', told(99.6))).toBe(
      'Menos de 1 de cada 100 niños de su edad pesa más que Mateo.',
    );
    expect(placeSentence('en', told(98.7))).toBe('Out of 100 boys his age, about 99 weigh less than Mateo.');
    expect(placeSentence('en', told(1.2))).toBe(
      'Out of 100 boys his age, about 1 weighs less than Mateo and 98 weigh more.',
    );
    expect(placeSentence('en', told(97.9))).toContain('98 weigh less than Mateo and 1 weighs more');
  });

  test('says that an early birth is counted from the due date', () => {
    expect(placeSentence('en', told(57, { corrected: true }))).toBe(
      'Counted from the due date: out of 100 boys his age, about 57 weigh less than Mateo and 42 weigh more.',
    );
  });

  test('makes a hundred of those before, the child and those after', () => {
    for (const p of [0.2, 1, 50, 98.9, 99.9]) {
      const before = barsBefore(place(p));
      expect(before).toBeGreaterThanOrEqual(0);
      expect(before).toBeLessThanOrEqual(99);
    }
    expect(lineUpEnds('en', 'weight', place(57))).toEqual(['57 weigh less', '42 weigh more']);
    expect(lineUpEnds('en', 'head', place(98))).toEqual(['98 have a smaller head', '1 has a larger head']);
    expect(lineUpEnds('en', 'weight', place(0.5))).toEqual(['', '99 weigh more']);
  });

  test('names ordinals as they are spoken', () => {
    expect([1, 2, 3, 11, 12, 13, 21, 57].map((p) => percentileText('en', place(p)))).toEqual(
      ['1st', '2nd', '3rd', '11th', '12th', '13th', '21st', '57th'].map((p) => `${p} percentile`),
    );
    expect(placeOf(Number.NaN)).toBeNull();
  });
});
