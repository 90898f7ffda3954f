import { expect, test } from 'vitest';
import { dict, preferred } from './dict.ts';

test('the first language of the device that we speak is taken', () => {
  expect(preferred(['fr-FR', 'es-MX', 'en-US'])).toBe('es');
  expect(preferred(['en-GB', 'es'])).toBe('en');
  expect(preferred(['de'])).toBe('en');
  expect(preferred([])).toBe('en');
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
