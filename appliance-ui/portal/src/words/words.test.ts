import { easeEs, gradeEn, measurable, wordCount } from '@relaybox/lib/i18n/reading';
import { expect, test } from 'vitest';
import { pageWords } from './all.test-helper.ts';

const { homeWords, shellWords } = pageWords;

/** Every string of a tree with its path; functions are called with a name, or with a number where that fails. */
function texts(tree: unknown, path: string): readonly (readonly [path: string, text: string])[] {
  if (typeof tree === 'string') return [[path, tree]];
  if (typeof tree === 'function') {
    const say = tree as (...parts: readonly unknown[]) => unknown;
    const parts = path.endsWith('maybeLetters') ? [3, 'Mateo'] : ['Mateo', 3, 3];
    return [[path, String(say(...parts))]];
  }
  return Object.entries(tree as object).flatMap(([name, inner]) => texts(inner, `${path}.${name}`));
}
const both = Object.entries(pageWords).flatMap(([name, { en, es }]) => [
  { en: texts(en, name), es: texts(es, name) },
]);
const english = both.flatMap(({ en }) => en);
const spanish = both.flatMap(({ es }) => es);

/** Names of sources and licences are not ours to simplify. */
const sources = /\.(source\w+|fonts)$/;
/** Sentences of the design, kept as they are: the hardest messages were weighed word by word. */
const fixed = /^shellWords\.(ended\w*|waitingSub)$/;
/** An explanation is a sentence. Titles, labels and lists of nouns end without a full stop. */
const explanations = (list: typeof english) =>
  list.filter(
    ([path, text]) =>
      text.endsWith('.') && !sources.test(path) && !fixed.test(path) && wordCount(text) >= measurable,
  );

test('every explanation in English reads at grade 6 or below', () => {
  const hard = explanations(english)
    .map(([path, text]) => ({ path, grade: Math.round(gradeEn(text) * 10) / 10, text }))
    .filter(({ grade }) => grade > 6);
  expect(hard).toEqual([]);
});

test('every explanation in Spanish reads with an ease of 70 or above', () => {
  const hard = explanations(spanish)
    .map(([path, text]) => ({ path, ease: Math.round(easeEs(text)), text }))
    .filter(({ ease }) => ease < 70);
  expect(hard).toEqual([]);
});

test('no word of the wire and no apology stands on a page', () => {
  const banned =
    /\b(event|relay|epoch|grant|please|oops|successfully|evento|relé|época|por favor|perdón)\b|!/i;
  // Experts may read the protocol's own words, where the page says that they are for experts.
  const forExperts = /\.(bunkerSub|addressHelp|keyHelp)$/;
  const found = [...english, ...spanish].filter(
    ([path, text]) => !forExperts.test(path) && banned.test(text),
  );
  expect(found).toEqual([]);
});

test('the voice does not grade a child', () => {
  const banned = /\b(normal|abnormal|obese|overweight|ideal|behind|obeso|sobrepeso|atrasado)\b/i;
  expect([...english, ...spanish].filter(([, text]) => banned.test(text))).toEqual([]);
});

test('a time that ends in a full stop gets no second one', () => {
  const said = 'hoy a las 9:14 a. m.';
  for (const text of [shellWords.es.offline(said), shellWords.es.boxAway(said), homeWords.es.saved(said)])
    expect(text).not.toContain('..');
  expect(shellWords.es.offline(said)).toContain('a. m.');
  expect(shellWords.en.offline('today at 9:14 am')).toMatch(/am\.$/);
});
