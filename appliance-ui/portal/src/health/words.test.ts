import { easeEs, gradeEn, measurable, wordCount } from '@relaybox/lib/i18n/reading';
import { expect, test } from 'vitest';
import { commonWords } from './words/common.ts';
import { growthWords } from './words/growth.ts';
import {
  allergyWords,
  documentWords,
  indexWords,
  medicineWords,
  problemWords,
  vitalWords,
} from './words/lists.ts';
import { resultWords } from './words/results.ts';
import { vaccineWords } from './words/vaccines.ts';

const all = [
  commonWords,
  growthWords,
  indexWords,
  allergyWords,
  medicineWords,
  problemWords,
  vitalWords,
  documentWords,
  resultWords,
  vaccineWords,
];

/** Every string of a dictionary; what stands in a sentence is a short word or a number. */
function strings(tree: unknown): readonly string[] {
  if (typeof tree === 'string') return [tree];
  if (typeof tree === 'function') return [String(tree('Ana', 2, 'May 3', '7'))];
  return typeof tree === 'object' && tree !== null ? Object.values(tree).flatMap(strings) : [];
}

/** Names of references and citations stay as their authors wrote them. */
const cited =
  /World Health Organization|Organización Mundial|CDC growth charts|gráficas de crecimiento del CDC/;
const explanations = (lang: 'en' | 'es') =>
  all
    .flatMap((words) => strings(words[lang]))
    .filter((text) => wordCount(text) >= measurable && !cited.test(text));

test('every explanation of the health pages is at reading grade six or lower', () => {
  const texts = explanations('en');
  expect(texts.length).toBeGreaterThan(50);
  expect(
    texts.filter((text) => gradeEn(text) > 6).map((text) => `${gradeEn(text).toFixed(1)} ${text}`),
  ).toEqual([]);
});

test('every explanation of the health pages is easy to read in Spanish', () => {
  const texts = explanations('es');
  expect(texts.length).toBeGreaterThan(50);
  expect(
    texts.filter((text) => easeEs(text) < 70).map((text) => `${easeEs(text).toFixed(1)} ${text}`),
  ).toEqual([]);
});

test('no page grades a child', () => {
  const banned =
    /\b(normal|abnormal|good|bad|behind|ahead|overweight|underweight|obese|ideal|target|anormal|bueno|malo|atrasad|obes|sobrepeso)/i;
  for (const text of strings(growthWords.en).concat(strings(growthWords.es)))
    expect(text).not.toMatch(banned);
});

test('no string asks, apologises or shouts', () => {
  for (const lang of ['en', 'es'] as const)
    for (const text of all.flatMap((words) => strings(words[lang])))
      expect(text).not.toMatch(/!|\bplease\b|\bsorry\b|\boops\b|successfully|por favor|éxito/i);
});
