/** One form of address on each page of the Spanish portal: usted to parents and adults, tú to a young patient. */
import { glossary } from '@relaybox/lib/clinical/glossary';
import { easeEs, measurable, wordCount } from '@relaybox/lib/i18n/reading';
import { expect, test } from 'vitest';
import { commonWords } from '../health/words/common.ts';
import { growthWords } from '../health/words/growth.ts';
import * as lists from '../health/words/lists.ts';
import { resultWords } from '../health/words/results.ts';
import { vaccineWords } from '../health/words/vaccines.ts';
import { pageWords } from './all.test-helper.ts';

const all = {
  commonWords,
  growthWords,
  ...lists,
  resultWords,
  vaccineWords,
  ...pageWords,
};

/** Every string with its path; a function says it of one and of several. */
function texts(tree: unknown, path: string): readonly (readonly [path: string, text: string])[] {
  if (typeof tree === 'string') return [[path, tree]];
  if (typeof tree === 'function') {
    const say = tree as (...parts: readonly unknown[]) => unknown;
    return [1, 3].map((n) => [
      path,
      String(path.endsWith('maybeLetters') ? say(n, 'Mateo') : say('Mateo', n, n)),
    ]);
  }
  return Object.entries(tree as object).flatMap(([name, inner]) => texts(inner, `${path}.${name}`));
}
const read = (form: 'es' | 'tu') => Object.entries(all).flatMap(([name, words]) => texts(words[form], name));

const tu =
  /(?<!\p{L})(tú|tu|tus|ti|te|contigo|tuy[oa]s?|eres|tienes|puedes|podrás|verás|estás|llama a|llama al|(?<!le )pregunta a|elige|intenta|escanea|pega el|guárdala)(?!\p{L})/iu;
const usted =
  /(?<!\p{L})(usted|llame|llámeles|pregunte|elija|intente|escanee|pegue|guárdela|póngalo|ponga|vaya|avise|abra|ábralo|cierre|imprima|use|léalas|muéstrela|verá|tendrá|está leyendo|su (?:llave|teléfono|clínica|familia|copia|clave de acceso|expediente|médico|salud|cara|dedo)|sus (?:padres|médicos))(?!\p{L})/iu;
/** "Its": the copy of the key, the passkey of the lost phone. */
const ofTheThing = /loginWords\.lostPhone(Sub)?$/;

test('a page to a parent says usted throughout', () => {
  expect(read('es').filter(([, text]) => tu.test(text))).toEqual([]);
  expect(read('es').filter(([, text]) => usted.test(text)).length).toBeGreaterThan(60);
});

test('a page to a young patient says tú throughout', () => {
  expect(read('tu').filter(([path, text]) => usted.test(text) && !ofTheThing.test(path))).toEqual([]);
  expect(read('tu').filter(([, text]) => tu.test(text)).length).toBeGreaterThan(60);
});

test('what is written for a young patient is as easy to read', () => {
  const usual = read('es');
  const own = read('tu').filter(([, text], at) => text !== usual[at]?.[1]);
  expect(own.length).toBeGreaterThan(100);
  const fixed = /^shellWords\.(ended|waiting)/;
  const hard = own
    .filter(([path, text]) => text.endsWith('.') && wordCount(text) >= measurable && !fixed.test(path))
    .filter(([, text]) => easeEs(text) < 70);
  expect(hard).toEqual([]);
});

test('a medical word speaks to nobody, and so to both', () => {
  for (const { es } of glossary)
    expect(JSON.stringify(es)).not.toMatch(new RegExp(`${tu.source}|usted`, 'iu'));
});
