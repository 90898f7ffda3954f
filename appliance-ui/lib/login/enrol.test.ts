import { expect, test } from 'vitest';
import { fromHex, toHex } from '../protocol/bytes.ts';
import { fourWords, proofHolds, prove } from '../protocol/keys.ts';
import { keys } from '../protocol/testing.ts';
import { SessionError } from '../session/api.ts';
import { enrol, type Send } from './enrol.ts';

const practice = keys('practice').publicKey;
const secret = keys('fresh');
const key = secret.publicKey;
const proof = { key, pop: prove(secret, practice, 'guardian', () => new Uint8Array(32)) };
const token = toHex(new Uint8Array(32).fill(7));
const words = [...fourWords(fromHex(key, 32) ?? new Uint8Array())];

const answers =
  (status: number, json: unknown): Send =>
  async () => ({ status, json: async () => json });
const codeOf = (send: Send) =>
  enrol(proof, token, 'guardian', send).then(
    () => null,
    (error: unknown) => (error instanceof SessionError ? error.code : error),
  );

test('a key is sent with its proof, and its words are those of the key', async () => {
  let sent: unknown = null;
  const taken = await enrol(proof, token, 'guardian', async (body) => {
    sent = JSON.parse(body);
    return { status: 202, json: async () => ({ words, until: 1_700_000_000 }) };
  });
  expect(taken).toEqual({ key, words, until: 1_700_000_000 });
  expect(sent).toEqual({ token, key, role: 'guardian', pop: proof.pop });
  expect(proofHolds(key, practice, 'guardian', proof.pop)).toBe(true);
});

test('a used token, a known key, a silent box and a box with another key are told apart', async () => {
  expect(await codeOf(answers(202, { words, until: 1 }))).toBeNull();
  expect(await codeOf(answers(404, {}))).toBe('invalid');
  expect(await codeOf(answers(409, {}))).toBe('wrong-key');
  expect(await codeOf(answers(503, {}))).toBe('offline');
  expect(await codeOf(() => Promise.reject(new TypeError('no network')))).toBe('offline');
  expect(await codeOf(answers(202, { words: [...words].reverse(), until: 1 }))).toBe('internal');
  expect(await codeOf(answers(202, null))).toBe('internal');
});
