import { expect, test } from 'vitest';
import { findSecret } from './guard.ts';

const nsec = 'nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5';
const seed = 'legal winner thank year wave sausage worth useful legal winner thank yellow';

test('a secret key is found wherever it stands, also cut, in capitals or broken by blanks', () => {
  expect(findSecret(nsec)).toBe('nsec');
  expect(findSecret(`My key is ${nsec}, keep it`)).toBe('nsec');
  expect(findSecret(nsec.toUpperCase())).toBe('nsec');
  expect(findSecret(nsec.slice(0, 40))).toBe('nsec');
  expect(findSecret(nsec.replace(/(.{8})/g, '$1 '))).toBe('nsec');
  expect(findSecret(nsec.replace(/(.{8})/g, '$1\u200b'))).toBe('nsec');
  expect(findSecret(`n${'cryptsec1'}${nsec.slice(5)}`)).toBe('ncryptsec');
});

test('twelve words of a recovery sheet are found, numbered or not', () => {
  expect(findSecret(seed)).toBe('words');
  expect(findSecret(seed.split(' ').join('\n'))).toBe('words');
  expect(
    findSecret(
      seed
        .split(' ')
        .map((word, n) => `${n + 1}. ${word}`)
        .join(', '),
    ),
  ).toBe('words');
  expect(findSecret(`these are my words: ${seed}`)).toBe('words');
});

test('what families write is no secret', () => {
  for (const text of [
    '',
    'Lucía has had a fever of 39.2 °C since yesterday evening and does not want to drink. Can we come today?',
    '¿Puede Mateo volver a la escuela mañana? Ya no tiene fiebre desde el lunes.',
    'npub1sn0wdenkukak0d9dfczzeacvhkrgz92ak56egt7vdgzn8pv2wfqqhrjdv9',
    'What is an nsec1 key?',
    'He can walk about above the couch and is able to say mom and dad now.',
    'nostr+ehr://larkfield.box?pk=00',
    'We moved: 12 Winner Street, apartment 4, next to the yellow legal office',
    seed.split(' ').slice(0, 11).join(' '),
  ]) {
    expect(findSecret(text), text).toBeNull();
  }
});
