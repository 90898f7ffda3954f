import { expect, test } from 'vitest';
import { toUtf8 } from './bytes.ts';
import {
  EVENT_BYTES_MAX,
  eventFrom,
  eventJson,
  expiration,
  INDEX_VALUE_BYTES_MAX,
  indexKeys,
  links,
  linkTag,
  numberFromText,
  parseUnverified,
  pTag,
  sign,
  Verified,
} from './event.ts';
import { kinds } from './kinds.ts';
import { orThrow } from './result.ts';
import { keys } from './testing.ts';
import type { Event } from './types.ts';
import { rows, vectors } from './vectors.ts';

const NOW = 1_790_000_000;

interface File {
  readonly cases: readonly { readonly name: string; readonly id: string; readonly json: string }[];
  readonly refused: readonly { readonly name: string; readonly json: string; readonly reason: string }[];
}

const note = (content: string): Event => sign(keys('author'), 1, [['t', 'a', 'b']], content, NOW);
const refusalOf = (json: string, bytesMax?: number) => {
  const parsed = Verified.parse(json, bytesMax);
  return parsed.ok ? 'ok' : parsed.error;
};

test('event vectors hold or are refused as said', () => {
  const file = vectors<File>('event.json');
  for (const { name, id, json } of rows(file.cases)) {
    const verified = orThrow(Verified.parse(json));
    expect(verified.event.id, name).toBe(id);
    expect(verified.json).toBe(json);
    expect(orThrow(Verified.parseBytes(toUtf8(json))).event).toEqual(verified.event);
  }
  for (const { name, json, reason } of rows(file.refused)) expect(refusalOf(json), name).toBe(reason);
});

test('one event has one signature', () => {
  expect(note('again').sig).toBe(note('again').sig);
  expect(note('again').sig).not.toBe(note('other').sig);
  expect(orThrow(Verified.fromEvent(note('again'))).event).toEqual(note('again'));
});

test('bytes that are not UTF-8, a byte order mark and a lone surrogate from a script are refused', () => {
  const good = eventJson(note('x'));
  expect(refusalOf(good)).toBe('ok');
  expect(Verified.parseBytes(Uint8Array.of(...toUtf8(good), 0xff))).toEqual({
    ok: false,
    error: 'malformed',
  });
  expect(refusalOf(`\ufeff${good}`)).toBe('malformed');
  expect(refusalOf(good.replace('"content":"x"', '"content":"\ud800"'))).toBe('malformed');
});

test('an own member that shares its name with a built-in one is unknown', () => {
  const good = eventJson(note('x'));
  for (const name of ['__proto__', 'constructor', 'toString']) {
    expect(refusalOf(good.replace('{', `{"${name}":1,`))).toBe('malformed');
    expect(refusalOf(good.replace('"kind"', `"${name}"`))).toBe('malformed');
  }
});

test('what JSON.parse read of a frame is held to the same rules', () => {
  const good: unknown = JSON.parse(eventJson(note('ü👶')));
  const refusal = (changes: { readonly [name: string]: unknown }) => {
    const found = eventFrom({ ...(good as Event), ...changes });
    return found.ok ? 'ok' : found.error;
  };
  expect(refusal({})).toBe('ok');
  for (const changes of [
    { extra: 1 },
    { id: note('x').id.toUpperCase() },
    { pubkey: 'short' },
    { sig: 1 },
    { kind: 65_536 },
    { kind: -1 },
    { kind: -0 },
    { created_at: 2 ** 53 },
    { created_at: 1.5 },
    { content: null },
    { content: '\ud800' },
    { tags: [['t', '\udc00']] },
    { tags: [[]] },
    { tags: [['t', 1]] },
    { tags: {} },
  ]) {
    expect(refusal(changes), JSON.stringify(changes)).toBe('malformed');
  }
  expect(refusal({ content: '\u0000' })).toBe('control-character');
  expect(refusal({ tags: [['\u001f']] })).toBe('control-character');
  expect(refusal({ tags: [['t', 'v'.repeat(INDEX_VALUE_BYTES_MAX + 1)]] })).toBe('too-large');
});

test('a false id and a false signature are told apart', () => {
  const good = note('x');
  expect(refusalOf(eventJson({ ...good, content: 'y' }))).toBe('bad-id');
  const foreign = { ...good, sig: note('y').sig };
  expect(refusalOf(eventJson(foreign))).toBe('bad-signature');
  expect(orThrow(parseUnverified(eventJson(foreign)))).toEqual(foreign);
});

test('size is refused above the limit in bytes and taken at it', () => {
  const text = eventJson(note('ü👶'));
  const bytes = toUtf8(text).length;
  expect(bytes).toBeGreaterThan(text.length);
  expect(refusalOf(text, bytes)).toBe('ok');
  expect(refusalOf(text, bytes - 1)).toBe('too-large');
  expect(bytes).toBeLessThan(EVENT_BYTES_MAX);
});

test('a value too long to index is refused, not left out', () => {
  const of = (name: string, count: number) =>
    refusalOf(eventJson(sign(keys('author'), 1, [[name, 'v'.repeat(count)]], '', NOW)));
  expect(of('t', INDEX_VALUE_BYTES_MAX)).toBe('ok');
  expect(of('t', INDEX_VALUE_BYTES_MAX + 1)).toBe('too-large');
  expect(of('t', INDEX_VALUE_BYTES_MAX / 2)).toBe('ok');
  expect(of('patient-content', INDEX_VALUE_BYTES_MAX + 1)).toBe('ok');
});

test('index keys are the author and first values of single-letter tags', () => {
  const tags = [
    ['p', 'one', 'two'],
    ['p', 'one'],
    ['E', 'three'],
    ['pc', 'four'],
    ['1', 'five'],
    ['d'],
    ['d', ''],
  ];
  const author = `:${keys('author').publicKey}`;
  expect(indexKeys(sign(keys('author'), 2111, tags, '', NOW)).sort()).toEqual([
    author,
    'Ethree',
    'd',
    'pone',
  ]);
  const receipt = sign(keys('author'), kinds.receipt, [...tags, ['c', 'policy'], ['e', 'row']], '', NOW);
  expect(indexKeys(receipt).sort()).toEqual([author, 'cpolicy', 'pone']);
});

test('links and values are read strictly', () => {
  const { id } = note('x');
  const tags = [
    linkTag({ id, marker: 'addendum' }),
    ['e', id],
    ['e', 'short'],
    ['expiration', '12'],
    ['p', 'AB'.repeat(32)],
    ['p', keys('b').publicKey],
  ];
  const event = sign(keys('author'), 1, tags, '', NOW);
  expect(links(event)).toEqual([
    { id, marker: 'addendum' },
    { id, marker: '' },
  ]);
  expect(expiration(event)).toBe(12);
  expect([pTag(event, 0), pTag(event, 1)]).toEqual([null, keys('b').publicKey]);
  for (const bad of ['', '+1', '01', ' 1', '1.0', '-1', '1e3', '9007199254740992']) {
    expect(numberFromText(bad), bad).toBe(null);
  }
  expect([numberFromText('0'), numberFromText('9007199254740991')]).toEqual([0, 9_007_199_254_740_991]);
});
