import { inspect } from 'node:util';
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { concatBytes, fromBase64, fromHex, toBase64, toHex, toUtf8 } from './bytes.ts';
import {
  ConversationKey,
  ConversationKeys,
  messageKeys,
  PLAINTEXT_BYTES_MAX,
  paddedLength,
  payloadCharsMax,
} from './nip44.ts';
import { orThrow } from './result.ts';
import { SecretKey } from './secret.ts';
import { keys, random } from './testing.ts';
import { bytesOf, rows, secretOf, vectors, vectorText } from './vectors.ts';

interface Official {
  readonly v2: {
    readonly valid: {
      readonly get_conversation_key: readonly { sec1: string; pub2: string; conversation_key: string }[];
      readonly get_message_keys: {
        conversation_key: string;
        keys: readonly { nonce: string; chacha_key: string; chacha_nonce: string; hmac_key: string }[];
      };
      readonly calc_padded_len: readonly [number, number][];
      readonly encrypt_decrypt: readonly {
        sec1: string;
        sec2: string;
        conversation_key: string;
        nonce: string;
        plaintext: string;
        payload: string;
      }[];
      readonly encrypt_decrypt_long_msg: readonly {
        conversation_key: string;
        nonce: string;
        pattern: string;
        repeat: number;
        plaintext_sha256: string;
        payload_sha256: string;
      }[];
    };
    readonly invalid: {
      readonly get_conversation_key: readonly { sec1: string; pub2: string; note: string }[];
      readonly decrypt: readonly { conversation_key: string; payload: string; note: string }[];
    };
  };
}

const official = vectors<Official>('nip44.json').v2;
const ONE = ConversationKey.fromBytes(new Uint8Array(32).fill(1));
const hash = (text: string | Uint8Array) => toHex(sha256(typeof text === 'string' ? toUtf8(text) : text));
const keyOf = (hex: string) => ConversationKey.fromBytes(bytesOf(hex));

/** Encrypts with the vector's nonce, whatever the length. */
function encrypt(key: ConversationKey, plaintext: Uint8Array, nonce: string): string {
  return orThrow(key.encrypt(plaintext, () => bytesOf(nonce), 2 ** 31));
}

test('the official vectors are those whose checksum NIP-44 prints', () => {
  expect(hash(vectorText('nip44.json'))).toBe(
    '269ed0f69e4c192512cc779e78c555090cebc7c785b609e338a62afc3ce25040',
  );
});

test('official conversation keys are derived and invalid keys are refused', () => {
  for (const row of rows(official.valid.get_conversation_key)) {
    const key = orThrow(ConversationKey.derive(secretOf(row.sec1), row.pub2));
    expect(toHex(key.bytes())).toBe(row.conversation_key);
  }
  for (const row of rows(official.invalid.get_conversation_key)) {
    const secret = SecretKey.fromHex(row.sec1);
    expect(secret && ConversationKey.derive(secret, row.pub2).ok, row.note).not.toBe(true);
  }
});

test('official message keys and padded lengths agree', () => {
  const { conversation_key, keys: list } = official.valid.get_message_keys;
  for (const row of rows(list)) {
    const found = messageKeys(bytesOf(conversation_key), bytesOf(row.nonce));
    expect(toHex(concatBytes(found.cipherKey, found.cipherNonce, found.macKey))).toBe(
      row.chacha_key + row.chacha_nonce + row.hmac_key,
    );
  }
  for (const [length, padded] of rows(official.valid.calc_padded_len))
    expect(paddedLength(length)).toBe(padded);
});

test('official messages encrypt and decrypt', () => {
  for (const row of rows(official.valid.encrypt_decrypt)) {
    const [first, second] = [secretOf(row.sec1), secretOf(row.sec2)];
    const key = orThrow(ConversationKey.derive(first, second.publicKey));
    expect(orThrow(ConversationKey.derive(second, first.publicKey)).equals(key)).toBe(true);
    expect(toHex(key.bytes())).toBe(row.conversation_key);
    expect(encrypt(key, toUtf8(row.plaintext), row.nonce)).toBe(row.payload);
    expect(key.decryptText(row.payload)).toBe(row.plaintext);
  }
  for (const row of rows(official.valid.encrypt_decrypt_long_msg)) {
    const plaintext = row.pattern.repeat(row.repeat);
    expect(hash(plaintext)).toBe(row.plaintext_sha256);
    const payload = encrypt(keyOf(row.conversation_key), toUtf8(plaintext), row.nonce);
    expect(hash(payload)).toBe(row.payload_sha256);
    expect(keyOf(row.conversation_key).decryptText(payload)).toBe(plaintext);
  }
});

test('official invalid payloads are refused', () => {
  const expected = (note: string) => {
    if (note.includes('version')) return ['version'];
    if (note.includes('base64')) return ['encoding'];
    if (note.includes('MAC')) return ['mac'];
    if (note.includes('padding')) return ['padding'];
    return ['size', 'version'];
  };
  for (const row of rows(official.invalid.decrypt)) {
    const opened = keyOf(row.conversation_key).decrypt(row.payload);
    expect(expected(row.note), row.note).toContain(opened.ok ? 'ok' : opened.error);
  }
});

test('the three boundary lengths have the checksums of the NIP', () => {
  const file = vectors<{
    conversation_key: string;
    nonce: string;
    cases: { plaintext_bytes: number; plaintext_sha256: string; payload_sha256: string }[];
  }>('nip44-boundaries.json');
  const key = keyOf(file.conversation_key);
  expect(file.cases.length).toBe(3);
  for (const row of file.cases) {
    const plaintext = 'a'.repeat(row.plaintext_bytes);
    expect(hash(plaintext)).toBe(row.plaintext_sha256);
    const payload = encrypt(key, toUtf8(plaintext), file.nonce);
    expect(hash(payload)).toBe(row.payload_sha256);
    expect(key.decryptText(payload)).toBe(plaintext);
  }
});

test('the plaintext limit holds on both sides', () => {
  const largest = new Uint8Array(PLAINTEXT_BYTES_MAX).fill(120);
  const payload = orThrow(ONE.encrypt(largest, random('limit')));
  expect(payload.length).toBe(payloadCharsMax(PLAINTEXT_BYTES_MAX));
  expect(hash(orThrow(ONE.decrypt(payload)))).toBe(hash(largest));
  const above = new Uint8Array(PLAINTEXT_BYTES_MAX + 1);
  expect(ONE.encrypt(above, random('limit'))).toEqual({ ok: false, error: 'size' });
  expect(ONE.encrypt(new Uint8Array(), random('limit'))).toEqual({ ok: false, error: 'size' });
  expect(ONE.decrypt(encrypt(ONE, above, '03'.repeat(32)))).toEqual({ ok: false, error: 'size' });
});

test('every flipped bit is refused', () => {
  const payload = fromBase64(orThrow(ONE.encrypt(toUtf8('a short note'), random('flip'))));
  if (!payload) throw new Error('no payload');
  expect(ONE.decryptText(toBase64(payload))).toBe('a short note');
  for (let bit = 0; bit < payload.length * 8; bit += 1) {
    const changed = payload.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(ONE.decrypt(toBase64(changed)), `bit ${bit}`).toEqual({
      ok: false,
      error: bit < 8 ? 'version' : 'mac',
    });
  }
});

test('base64 has one spelling', () => {
  for (let length = 0; length < 20; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, at) => at * 37 + length);
    const text = toBase64(bytes);
    expect(text).toBe(Buffer.from(bytes).toString('base64'));
    expect(fromBase64(text)).toEqual(bytes);
  }
  for (const bad of [
    'A',
    'AA',
    'AAA',
    'AA=A',
    'A===',
    '====',
    'AB==',
    'AAB=',
    'AA A',
    'AAAA\n',
    'AA-_',
    'éAAA',
  ]) {
    expect(fromBase64(bad), bad).toBe(null);
  }
});

test('a conversation key and a secret key are not shown', () => {
  const [a, b] = [keys('a'), keys('b')];
  const key = orThrow(ConversationKey.derive(a, b.publicKey));
  for (const shown of [JSON.stringify({ key, a }), inspect({ key, a }, { depth: 9, showHidden: true })]) {
    expect(shown).not.toContain(a.toHex());
    expect(shown).not.toContain(toHex(key.bytes()));
    expect(shown).not.toContain(String(a.bytes().subarray(0, 4)));
  }
  expect(JSON.stringify(structuredClone(key))).toBe('{}');
});

test('kept keys are the derived ones until they are cleared', () => {
  const kept = new ConversationKeys();
  const [a, b] = [keys('a'), keys('b')];
  const first = orThrow(kept.of(a, b.publicKey));
  expect(first.equals(orThrow(ConversationKey.derive(b, a.publicKey)))).toBe(true);
  expect(orThrow(kept.of(a, b.publicKey))).toBe(first);
  expect(kept.of(a, 'f'.repeat(64))).toEqual({ ok: false, error: 'key' });
  kept.clear();
  expect(orThrow(kept.of(a, b.publicKey))).not.toBe(first);
  expect(fromHex(a.toHex(), 32)).toEqual(a.bytes());
});
