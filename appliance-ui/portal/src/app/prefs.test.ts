import { expect, test } from 'vitest';
import { parsePrefs } from './prefs.ts';

test('a choice is read back, and what is not a choice falls back to its default', () => {
  expect(parsePrefs('{"lang":"es","units":"us","scheme":"dark","text":130}', ['en'])).toEqual({
    lang: 'es',
    units: 'us',
    scheme: 'dark',
    text: 130,
  });
  expect(parsePrefs('{"lang":"<b>","units":7,"scheme":null,"text":"900"}', ['es-US'])).toEqual({
    lang: 'es',
    units: null,
    scheme: 'auto',
    text: 100,
  });
});

test('storage that is cut off or holds no object is ignored', () => {
  for (const stored of ['{"lang":', '7', 'null', null]) expect(parsePrefs(stored, ['en-US']).lang).toBe('en');
});
