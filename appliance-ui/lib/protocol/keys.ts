/**
 * Proof of possession, four words, sealing, and the strict bech32 forms (docs/ref/protocol.md 1, 2.7).
 */
import { schnorr } from '@noble/curves/secp256k1.js';
import { extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bech32 } from '@scure/base';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { concatBytes, fromHex, toHex, toUtf8 } from './bytes.ts';
import { signatureHolds } from './event.ts';
import { ConversationKey, type CryptoError } from './nip44.ts';
import { type Random, randomSecret } from './random.ts';
import { fail, orThrow, type Result } from './result.ts';
import { isOnCurve, keyFromHex, SecretKey } from './secret.ts';
import type { Hex } from './types.ts';

export { isOnCurve, keyFromHex, SecretKey };

/** Role words of a proof of possession. */
export const keyRoles = ['subject', 'own', 'guardian', 'staff', 'agent'] as const;
export type KeyRole = (typeof keyRoles)[number];

/** SHA-256(label ‖ 0x00 ‖ parts): the labels keep one use of the hash apart from all others. */
export function labelledHash(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes(toUtf8(label), Uint8Array.of(0), ...parts));
}

/** HKDF-extract-SHA256 (RFC 5869) with an ASCII salt. */
export function extractLabelled(salt: string, ikm: Uint8Array): Uint8Array {
  return extract(sha256, ikm, toUtf8(salt));
}

function proofMessage(practice: Uint8Array, role: KeyRole): Uint8Array {
  return labelledHash('relaybox/pop/1', practice, toUtf8(role));
}

/** The `sig` of `["pop", key, sig]`: BIP-340 over SHA-256("relaybox/pop/1" ‖ 0x00 ‖ P ‖ role), hex. */
export function prove(secret: SecretKey, practice: Hex, role: KeyRole, random: Random): Hex {
  const bytes = fromHex(practice, 32);
  if (!bytes) throw new TypeError('the practice key is not 64 hex characters');
  return toHex(schnorr.sign(proofMessage(bytes, role), secret.bytes(), random()));
}

/** Whether `sig` is a proof of possession of `key` for this practice and role. */
export function proofHolds(key: Hex, practice: Hex, role: KeyRole, sig: string): boolean {
  const bytes = fromHex(practice, 32);
  return bytes !== null && signatureHolds(sig, toHex(proofMessage(bytes, role)), key);
}

/**
 * Seals texts to a key: `NIP44(conv(k, K), plaintext)`, k a one-time secret whose public key stands in `ek`. One
 * sealer serves one event.
 */
export class Sealer {
  readonly #secret: SecretKey;

  constructor(random: Random) {
    this.#secret = randomSecret(random);
  }

  /** The value of the `ek` tag. */
  get ek(): Hex {
    return this.#secret.publicKey;
  }

  /** Throws when `to` is not on the curve or the text is empty or too large. */
  seal(to: Hex, plaintext: Uint8Array, random: Random): string {
    return orThrow(orThrow(ConversationKey.derive(this.#secret, to)).encrypt(plaintext, random));
  }
}

/** Opens a text sealed to the holder of `secret`. */
export function openSealed(secret: SecretKey, ek: Hex, payload: string): Result<Uint8Array, CryptoError> {
  const key = ConversationKey.derive(secret, ek);
  return key.ok ? key.value.decrypt(payload) : fail(key.error);
}

/** First 44 bits of SHA-256("relaybox/words/1" ‖ 0x00 ‖ key) as four BIP-39 English words. */
export function fourWords(key: Uint8Array): [string, string, string, string] {
  const hash = labelledHash('relaybox/words/1', key);
  const bits = hash.subarray(0, 6).reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n) >> 4n;
  const word = (shift: bigint) => wordlist[Number((bits >> shift) & 0x7ffn)] ?? '';
  return [word(33n), word(22n), word(11n), word(0n)];
}

/** `npub1…` or 64 lower-case hex of a point on the curve; every wrong checksum and other spelling is refused. */
export function parsePublic(text: string): Hex | null {
  const key = keyFromHex(text) ?? hexOf('npub', text);
  return key !== null && isOnCurve(key) ? key : null;
}

/** `nsec1…` or 64 lower-case hex; every wrong checksum and other spelling is refused. */
export function parseSecret(text: string): SecretKey | null {
  const key = keyFromHex(text) ?? hexOf('nsec', text);
  return key === null ? null : SecretKey.fromHex(key);
}

/** NIP-19 form of a public key. */
export function toNpub(key: Hex): string {
  return bech32.encode('npub', bech32.toWords(fromHex(key, 32) ?? new Uint8Array()));
}

/** NIP-19 form of a secret key. */
export function toNsec(secret: SecretKey): string {
  return bech32.encode('nsec', bech32.toWords(secret.bytes()));
}

function hexOf(prefix: 'npub' | 'nsec', text: string): Hex | null {
  try {
    const decoded = bech32.decode(text as `${string}1${string}`, 90);
    const bytes = Uint8Array.from(bech32.fromWords(decoded.words));
    // Writing it again refuses what the decoder takes and nobody writes: upper case.
    const same = decoded.prefix === prefix && bech32.encode(prefix, bech32.toWords(bytes)) === text;
    return same && bytes.length === 32 ? toHex(bytes) : null;
  } catch {
    return null;
  }
}
