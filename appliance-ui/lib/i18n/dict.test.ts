import { expect, test } from 'vitest';
import { dict, preferred } from './dict.ts';

test('the first language of the device that we speak is taken', () => {
  expect(preferred(['fr-FR', 'es-MX', 'en-US'])).toBe('es');
  expect(preferred(['en-GB', 'es'])).toBe('en');
  expect(preferred(['de'])).toBe('en');
  expect(preferred([])).toBe('en');
});

test('words to a young reader are the same but for those that are written for them', () => {
  const { es, tu } = dict(
    { plain: 'visits', yours: 'Your key', lists: { yours: 'Your visits', more: ['a'] } },
    { plain: 'visitas', yours: 'Su llave', lists: { yours: 'Sus visitas', more: ['b'] } },
    { yours: 'Tu llave', lists: { yours: 'Tus visitas' } },
  );
  expect(tu).toEqual({ ...es, yours: 'Tu llave', lists: { yours: 'Tus visitas', more: ['b'] } });
  // @ts-expect-error: no such word.
  dict({ plain: 'visits' }, { plain: 'visitas' }, { other: 'x' });
});

test('a string that is missing in Spanish, or takes other parts, does not compile', () => {
  const both = dict(
    { plain: 'visits', many: (n: number) => `${n} visits` },
    { plain: 'visitas', many: (n) => `${n} visitas` },
  );
  // @ts-expect-error: `many` is missing.
  dict({ plain: 'visits', many: (n: number) => `${n} visits` }, { plain: 'visitas' });
  // @ts-expect-error: `many` is no sentence.
  dict({ many: (n: number) => `${n} visits` }, { many: 'visitas' });
  expect(both.es.many(2)).toBe('2 visitas');
  expect(both.en.plain).toBe('visits');
});
