import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { fromBase64, toBase64, toHex, toUtf8 } from './bytes.ts';
import { extractLabelled } from './keys.ts';
import { open } from './legacy.ts';
import { ConversationKey } from './nip44.ts';
import { orThrow } from './result.ts';
import { random } from './testing.ts';
import { bytesOf, rows, vectors } from './vectors.ts';

interface Case {
  readonly name: string;
  readonly opens: 'legacy' | 'v2' | 'damaged' | 'version' | 'mac' | 'size' | 'padding';
  readonly payload: string;
  readonly plaintext?: string;
  readonly pattern_bytes?: number;
}
interface File {
  readonly shared_x: string;
  readonly conversation_key: string;
  readonly cases: readonly Case[];
}

const file = vectors<File>('legacy.json');
const key = ConversationKey.fromBytes(bytesOf(file.conversation_key));

/** The text, or the first letters of the alphabet over and over. */
function plaintextOf(row: Case): Uint8Array {
  if (row.plaintext !== undefined) return toUtf8(row.plaintext);
  return Uint8Array.from({ length: row.pattern_bytes ?? 0 }, (_, at) => 97 + (at % 26));
}

function outcome(payload: string): string {
  const opened = open(key, payload);
  if (!opened.ok) return opened.error;
  const { value } = opened;
  return value.is === 'damaged' ? 'damaged' : `${value.is} ${toHex(sha256(value.text))}`;
}

test('every vector of the former cipher opens or is refused as said', () => {
  expect(toHex(extractLabelled('nip44-v2', bytesOf(file.shared_x)))).toBe(file.conversation_key);
  expect(file.cases.length).toBeGreaterThan(30);
  for (const row of rows(file.cases)) {
    const opens = row.opens === 'legacy' || row.opens === 'v2';
    const expected = opens ? `${row.opens} ${toHex(sha256(plaintextOf(row)))}` : row.opens;
    expect(outcome(row.payload), row.name).toBe(expected);
  }
});

function payloadOf(name: string): Uint8Array {
  const bytes = fromBase64(file.cases.find((row) => row.name === name)?.payload ?? '');
  if (!bytes) throw new Error(`no payload of ${name}`);
  return bytes;
}

test('any flipped bit of a former ciphertext or tag is refused', () => {
  const payload = payloadOf('33 bytes');
  expect(outcome(toBase64(payload))).toContain('legacy');
  for (let bit = 33 * 8; bit < payload.length * 8; bit += 1) {
    const changed = payload.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(outcome(toBase64(changed)), `bit ${bit}`).toBe('mac');
  }
});

test('what reads records of today refuses the former cipher, and ours is never taken for it', () => {
  expect(key.decrypt(toBase64(payloadOf('33 bytes')))).toEqual({ ok: false, error: 'mac' });
  for (const length of [1, 32, 33, 1_000, 65_535, 65_536]) {
    const payload = orThrow(key.encrypt(new Uint8Array(length).fill(120), random('never')));
    expect(outcome(payload)).toContain('v2');
  }
});
