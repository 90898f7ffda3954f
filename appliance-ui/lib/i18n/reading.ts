/**
 * How hard a text is to read: Flesch–Kincaid grade for English (Kincaid et al. 1975), Fernández Huerta ease for
 * Spanish (1959, with words per sentence). Syllables are counted by rule; good to about one in twenty. Both measure
 * passages: of a text of a few words they say little, so short texts are measured together.
 */

const words = (text: string): readonly string[] => text.match(/[\p{L}’']+|\d+(?:[.,]\d+)*/gu) ?? [];

const sentences = (text: string): number => Math.max(1, (text.match(/[.!?:…](?=\s|$)/g) ?? []).length);

/** A numeral is one glance, and counts as one syllable, as common counters have it. */
const isNumber = (word: string): boolean => /^\d/.test(word);

/** The last e of "home" and "mile", not of "table". */
const silent = /(?:[^laeiouycghsxz]es|[^aeiouytd]ed|[^laeiouy]e|(?<=[aeiouy])les?)$/;

export const syllablesEn = (word: string): number => {
  if (isNumber(word)) return 1;
  const plain = word.toLowerCase().replace(/[^a-z]/g, '');
  if (plain.length <= 3) return 1;
  const groups = plain.replace(silent, (end) => end.charAt(0)).match(/[aeiouy]{1,2}/g);
  return Math.max(1, groups?.length ?? 1);
};

export const syllablesEs = (word: string): number => {
  if (isNumber(word)) return 1;
  const plain = word
    .toLowerCase()
    .replace(/qu(?=[eiéí])/g, 'q')
    .replace(/gu(?=[eiéí])/g, 'g');
  // A weak vowel beside another makes one sound; two strong ones, or an accented weak one, make two.
  const nuclei = plain.replace(/y$/, 'i').match(/[iuü]?[aeoáéó][iuü]?(?![íú])|[íú]|[iuü]{1,2}|[aeoáéó]/g);
  return Math.max(1, nuclei?.length ?? 1);
};

const rates = (text: string, syllables: (word: string) => number) => {
  const all = words(text);
  const total = all.reduce((sum, word) => sum + syllables(word), 0);
  return { perSentence: all.length / sentences(text), perWord: all.length === 0 ? 0 : total / all.length };
};

/** US school grade. Six: a child of eleven or twelve. */
export const gradeEn = (text: string): number => {
  const { perSentence, perWord } = rates(text, syllablesEn);
  return 0.39 * perSentence + 11.8 * perWord - 15.59;
};

/** 0–100; 70 and more is fairly easy. */
export const easeEs = (text: string): number => {
  const { perSentence, perWord } = rates(text, syllablesEs);
  return 206.84 - 60 * perWord - 1.02 * perSentence;
};

/** From this many words on a text is measured on its own. */
export const measurable = 8;

export const wordCount = (text: string): number => words(text).length;
