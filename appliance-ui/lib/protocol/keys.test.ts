import { expect, test } from 'vitest';
import { fromUtf8, toHex, toUtf8 } from './bytes.ts';
import {
  fourWords,
  type KeyRole,
  keyRoles,
  openSealed,
  parsePublic,
  parseSecret,
  proofHolds,
  prove,
  Sealer,
  toNpub,
  toNsec,
} from './keys.ts';
import { seeded } from './random.ts';
import { orThrow } from './result.ts';
import { keys, random } from './testing.ts';
import { bytesOf, rows, secretOf, vectors } from './vectors.ts';

interface File {
  readonly pop: readonly {
    name: string;
    key: string;
    practice: string;
    role: KeyRole;
    sig: string;
    holds: boolean;
  }[];
  readonly words: readonly { key: string; words: string[] }[];
  readonly sealed: readonly { secret: string; ek: string; payload: string; plaintext: string }[];
  readonly public: readonly { text: string; key: string | null }[];
  readonly stream: { seed: string; outputs: string[] };
}

const file = vectors<File>('keys.json');

test('proof vectors hold or do not', () => {
  for (const { name, key, practice, role, sig, holds } of rows(file.pop)) {
    expect(proofHolds(key, practice, role, sig), name).toBe(holds);
  }
});

test('word, seal, spelling and stream vectors agree', () => {
  for (const { key, words } of rows(file.words)) expect(fourWords(bytesOf(key))).toEqual(words);
  for (const { secret, ek, payload, plaintext } of rows(file.sealed)) {
    expect(fromUtf8(orThrow(openSealed(secretOf(secret), ek, payload)))).toBe(plaintext);
  }
  for (const { text, key } of rows(file.public)) expect(parsePublic(text), text).toBe(key);
  const next = seeded(bytesOf(file.stream.seed));
  for (const output of rows(file.stream.outputs)) expect(toHex(next())).toBe(output);
});

test('a proof holds for its key, practice and role alone', () => {
  const [holder, practice] = [keys('holder'), keys('practice').publicKey];
  const sig = prove(holder, practice, 'staff', random('pop'));
  for (const role of keyRoles)
    expect(proofHolds(holder.publicKey, practice, role, sig)).toBe(role === 'staff');
  expect(proofHolds(keys('other').publicKey, practice, 'staff', sig)).toBe(false);
  expect(proofHolds(holder.publicKey, keys('other').publicKey, 'staff', sig)).toBe(false);
  expect(proofHolds(holder.publicKey, practice, 'staff', sig.toUpperCase())).toBe(false);
  expect(proofHolds('ff'.repeat(32), practice, 'staff', sig)).toBe(false);
});

test('a sealed text opens with its key alone', () => {
  const stream = random('seal');
  const sealer = new Sealer(stream);
  const payload = sealer.seal(keys('to').publicKey, toUtf8('secret'), stream);
  expect(fromUtf8(orThrow(openSealed(keys('to'), sealer.ek, payload)))).toBe('secret');
  expect(openSealed(keys('other'), sealer.ek, payload)).toEqual({ ok: false, error: 'mac' });
  expect(() => sealer.seal('ff'.repeat(32), toUtf8('secret'), stream)).toThrow('protocol: key');
});

/** Every text that differs from `good` in one character. */
function* oneCharacterChanges(good: string): Generator<string> {
  for (let at = 0; at < good.length; at += 1) {
    for (const character of 'qpzry9x8gf2tvdw0s3jn54khce6mua7l1bioQ ') {
      if (good[at] !== character) yield good.slice(0, at) + character + good.slice(at + 1);
    }
  }
}

test('every one-character change of an npub or nsec is refused', () => {
  const holder = keys('bech32');
  const [npub, nsec] = [toNpub(holder.publicKey), toNsec(holder)];
  expect([parsePublic(npub), parseSecret(nsec)?.toHex()]).toEqual([holder.publicKey, holder.toHex()]);
  let tried = 0;
  for (const changed of oneCharacterChanges(npub)) {
    if (parsePublic(changed) !== null) throw new Error(changed);
    tried += 1;
  }
  for (const changed of oneCharacterChanges(nsec)) {
    if (parseSecret(changed) !== null) throw new Error('a changed nsec was taken');
    tried += 1;
  }
  expect(tried).toBeGreaterThan(4_000);
});

test('other spellings of a key are refused', () => {
  const holder = keys('bech32');
  const [npub, nsec] = [toNpub(holder.publicKey), toNsec(holder)];
  expect(parsePublic(holder.publicKey)).toBe(holder.publicKey);
  const bad = [
    npub.toUpperCase(),
    holder.publicKey.toUpperCase(),
    ` ${npub}`,
    `${npub}q`,
    `nostr:${npub}`,
    nsec,
    '',
  ];
  for (const text of [...bad, 'ff'.repeat(32)]) expect(parsePublic(text), text).toBe(null);
  for (const text of [npub, nsec.toUpperCase(), '00'.repeat(32), '']) expect(parseSecret(text)).toBe(null);
});
