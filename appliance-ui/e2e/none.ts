/** The sentences by which a page says that there is none of something: true of a whole record, and of no other. */
import { growthWords } from '../portal/src/health/words/growth.ts';
import {
  allergyWords,
  documentWords,
  indexWords,
  medicineWords,
  problemWords,
  vitalWords,
} from '../portal/src/health/words/lists.ts';
import { resultWords } from '../portal/src/health/words/results.ts';
import { vaccineWords } from '../portal/src/health/words/vaccines.ts';
import { letterWords } from '../portal/src/words/letters.ts';
import { recordWords } from '../portal/src/words/record.ts';
import { shellWords } from '../portal/src/words/shell.ts';

export function noneSentences(lang: 'en' | 'es'): readonly string[] {
  const index = indexWords[lang];
  const allergies = allergyWords[lang];
  const letters = letterWords[lang];
  return [
    allergies.never,
    allergies.none,
    ...Object.values(allergies.noneOf),
    ...[index.noWeight, index.noDoses, index.noResults, index.noMedicines],
    ...[index.noProblems, index.noDocuments],
    ...[medicineWords, problemWords, vitalWords, documentWords, vaccineWords, resultWords].map(
      (words) => words[lang].empty,
    ),
    growthWords[lang].emptyTitle('').trim(),
    recordWords[lang].noVisits,
    letters.none,
    letters.noneComing,
    shellWords[lang].noRecords,
  ];
}
