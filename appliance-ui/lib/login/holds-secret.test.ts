import { expect, test } from 'vitest';
import { holdsSecret } from './holds-secret.ts';

const chars = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.repeat(2).slice(0, 58);

test('a secret key is seen, also in capitals, inside a sentence, and broken over lines', () => {
  expect(holdsSecret(`nsec1${chars}`)).toBe(true);
  expect(holdsSecret(`NSEC1${chars.toUpperCase()}`)).toBe(true);
  expect(holdsSecret(`my key is ncryptsec1${chars} thanks`)).toBe(true);
  expect(holdsSecret(`nsec1${chars.slice(0, 30)}\n${chars.slice(30)}`)).toBe(true);
});

test('twelve seed words are seen, numbered or not', () => {
  const words = 'abandon ability able about above absent absorb abstract absurd abuse access accident';
  expect(holdsSecret(words)).toBe(true);
  const numbered = words.split(' ').map((word, n) => `${n + 1}. ${word}`);
  expect(holdsSecret(numbered.join('\n'))).toBe(true);
});

test('ordinary words, public keys and addresses pass', () => {
  expect(holdsSecret('He can walk about above the couch and is able to say mom and dad now.')).toBe(false);
  expect(holdsSecret(`npub1${chars}`)).toBe(false);
  expect(holdsSecret('nostr+ehr://larkfield.box?pk=00')).toBe(false);
  expect(holdsSecret('nsec1 is how a key begins')).toBe(false);
});
