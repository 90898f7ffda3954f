import { describe, expect, test } from 'vitest';
import { easeEs, gradeEn, syllablesEn, syllablesEs } from './reading.ts';

describe('reading ease', () => {
  test('counts syllables of English words', () => {
    const counts: Record<string, number> = {
      weigh: 1,
      percentile: 3,
      table: 2,
      doses: 2,
      child: 1,
      people: 2,
      measured: 2,
      the: 1,
      hospital: 3,
      needed: 2,
      come: 1,
    };
    for (const [word, count] of Object.entries(counts)) expect(syllablesEn(word), word).toBe(count);
  });

  test('counts syllables of Spanish words', () => {
    const counts: Record<string, number> = {
      peso: 2,
      niños: 2,
      siguiente: 3,
      aquí: 2,
      guía: 2,
      médico: 3,
      oído: 3,
      sangre: 2,
      cuidado: 3,
      muy: 1,
      día: 2,
      aorta: 3,
    };
    for (const [word, count] of Object.entries(counts)) expect(syllablesEs(word), word).toBe(count);
  });

  test('finds a plain text easier than a clinical one', () => {
    expect(gradeEn('It is a place in line. It is not a grade.')).toBeLessThan(3);
    expect(
      gradeEn(
        'Hemoglobin concentration below the reference interval necessitates hematological investigation.',
      ),
    ).toBeGreaterThan(15);
    expect(easeEs('Es un lugar en la fila. No es una nota.')).toBeGreaterThan(85);
    expect(
      easeEs(
        'La concentración de hemoglobina inferior al intervalo de referencia requiere investigación hematológica.',
      ),
    ).toBeLessThan(40);
  });
});
