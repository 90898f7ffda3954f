import { describe, expect, test } from 'vitest';
import { easeEs, gradeEn, measurable, wordCount } from '../i18n/reading.ts';
import { explain, glossary } from './glossary.ts';
import { placeOf, placeSentence, type Told } from './growth-words.ts';
import { vaccineNames } from './vaccine-words.ts';

const long = (text: string): boolean => wordCount(text) >= measurable;

describe('the glossary', () => {
  test('explains everything at reading grade six or lower in English, and easily in Spanish', () => {
    const english = glossary.map(({ en }) => en.plain).filter((text) => text !== null);
    const spanish = glossary.map(({ es }) => es.plain).filter((text) => text !== null);
    expect(english.length).toBeGreaterThan(25);
    expect(gradeEn(english.join(' '))).toBeLessThanOrEqual(6);
    expect(easeEs(spanish.join(' '))).toBeGreaterThanOrEqual(70);
    for (const text of english.filter(long)) expect(gradeEn(text), text).toBeLessThanOrEqual(6);
    for (const text of spanish.filter(long)) expect(easeEs(text), text).toBeGreaterThanOrEqual(70);
  });

  test('says for every string whether it was reviewed', () => {
    expect(glossary.length).toBeGreaterThan(45);
    for (const one of [...glossary, ...Object.values(vaccineNames)])
      expect(typeof one.reviewed).toBe('boolean');
  });

  test('has one entry for a code, and finds it by code only', () => {
    const codes = glossary.flatMap((one) => [...one.loinc, ...one.snomed.map(([code]) => code)]);
    expect(new Set(codes).size).toBe(codes.length);
    expect(new Set(glossary.map(({ id }) => id)).size).toBe(glossary.length);
    const hives = { coding: [{ system: 'http://snomed.info/sct', code: '126485001', display: 'Urticaria' }] };
    expect(explain('es', hives)?.term).toBe('Ronchas');
    expect(explain('es', { text: 'Urticaria' })).toBeNull();
    expect(explain('es', { coding: [{ system: 'urn:other', code: '126485001' }] })).toBeNull();
  });

  test('holds SNOMED codes whose check digit is right', () => {
    const tables = [
      [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
      [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
      [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
      [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
      [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
      [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
      [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    // Verhoeff (SNOMED CT, Technical Implementation Guide).
    const permute = (place: number, digit: number): number =>
      place % 8 === 0 ? digit : (tables[(place % 8) - 1]?.[digit] ?? 0);
    const times = (a: number, b: number): number => {
      const rotated =
        a < 5
          ? b < 5
            ? (a + b) % 5
            : ((a + b - 5) % 5) + 5
          : b < 5
            ? ((a - 5 - b + 5) % 5) + 5
            : (a - b + 5) % 5;
      return rotated;
    };
    const holds = (code: string): boolean =>
      [...code].reverse().reduce((sum, digit, place) => times(sum, permute(place, Number(digit))), 0) === 0;
    for (const [code] of glossary.flatMap((one) => one.snomed)) expect(holds(code), code).toBe(true);
    expect(holds('195967002')).toBe(false);
  });
});

describe('sentences of growth', () => {
  test('are at reading grade six or lower, and easy in Spanish', () => {
    for (const measure of ['weight', 'length', 'head', 'bmi', 'weight-for-length'] as const)
      for (const percentile of [0.5, 1, 57, 98, 99.5])
        for (const corrected of [false, true]) {
          const place = placeOf(percentile);
          if (!place) continue;
          const told: Told = { measure, sex: 'male', place, name: 'Ben', young: false, corrected };
          expect(gradeEn(placeSentence('en', told)), placeSentence('en', told)).toBeLessThanOrEqual(6);
          expect(easeEs(placeSentence('es', told)), placeSentence('es', told)).toBeGreaterThanOrEqual(70);
        }
  });
});
