/**
 * NIP-44 v2 with the project's limits, the extended length form, and nonces that the caller gives. Twin of
 * `firmware/protocol/src/nip44.rs`.
 */
import { chacha20 } from '@noble/ciphers/chacha.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import {
  concatBytes,
  equalBytes,
  fitsUtf8,
  fromBase64,
  fromHex,
  fromUtf8,
  toBase64,
  toUtf8,
} from './bytes.ts';
import type { Random } from './random.ts';
import { fail, ok, type Result } from './result.ts';
import { SecretKey } from './secret.ts';
import type { Hex } from './types.ts';

/** Largest plaintext of a record body, bytes. */
export const PLAINTEXT_BYTES_MAX = 131_072;
/** Largest plaintext inside a gift wrap, bytes: what still fits into one event. */
export const WRAP_PLAINTEXT_BYTES_MAX = 262_144;
/** Version, nonce, extended length and MAC of a payload, bytes. */
const OVERHEAD_BYTES = 1 + 32 + 6 + 32;
/** Shortest payload: 32 bytes of padded text with the short length. */
export const PAYLOAD_BYTES_MIN = 1 + 32 + 2 + 32 + 32;
/** From this length on a length takes six bytes: two zeros and four of big endian. */
const EXTENDED_FROM = 65_536;
const VERSION = 2;
const NONCE_END = 33;
const MAC_BYTES = 32;
const SALT = toUtf8('nip44-v2');

/**
 * Why a payload or key does not open: the key is not on the curve; the payload has no taken size, is no base64, is
 * of another version, is not authentic, or is padded otherwise.
 */
export type CryptoError = 'key' | 'size' | 'encoding' | 'version' | 'mac' | 'padding';

/** A conversation key (HKDF-extract, salt `nip44-v2`, of the ECDH x). Its bytes are not shown by JSON or console. */
export class ConversationKey {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** `conv(secret, public)`. Fails when the public key is not on the curve. */
  static derive(secret: SecretKey, publicKey: Hex): Result<ConversationKey, CryptoError> {
    const x = fromHex(publicKey, 32);
    if (!x) return fail('key');
    try {
      const shared = secp256k1.getSharedSecret(secret.bytes(), concatBytes(Uint8Array.of(2), x));
      return ok(new ConversationKey(extract(sha256, shared.subarray(1, 33), SALT)));
    } catch {
      return fail('key');
    }
  }

  static fromBytes(bytes: Uint8Array): ConversationKey {
    if (bytes.length !== 32) throw new RangeError('a conversation key has 32 bytes');
    return new ConversationKey(bytes.slice());
  }

  /** 64 lower-case hex characters. */
  static fromHex(text: string): ConversationKey | null {
    const bytes = fromHex(text, 32);
    return bytes && new ConversationKey(bytes);
  }

  /** The 32 bytes themselves: not to be kept, changed or shown. */
  bytes(): Uint8Array {
    return this.#bytes;
  }

  equals(other: ConversationKey): boolean {
    return equalBytes(this.#bytes, other.#bytes);
  }

  /** Encrypts 1 to `bytesMax` bytes with the nonce that `random` gives; base64 payload. */
  encrypt(
    plaintext: Uint8Array,
    random: Random,
    bytesMax = PLAINTEXT_BYTES_MAX,
  ): Result<string, CryptoError> {
    if (plaintext.length === 0 || plaintext.length > bytesMax) return fail('size');
    const nonce = random();
    const { cipherKey, cipherNonce, macKey } = messageKeys(this.#bytes, nonce);
    const sealed = chacha20(cipherKey, cipherNonce, pad(plaintext));
    const mac = hmac(sha256, macKey, concatBytes(nonce, sealed));
    return ok(toBase64(concatBytes(Uint8Array.of(VERSION), nonce, sealed, mac)));
  }

  /** Decrypts a base64 payload of at most `bytesMax` plaintext bytes. */
  decrypt(payload: string, bytesMax = PLAINTEXT_BYTES_MAX): Result<Uint8Array, CryptoError> {
    const bytes = decodePayload(payload, bytesMax);
    if (!bytes.ok) return bytes;
    if (bytes.value.length < PAYLOAD_BYTES_MIN) return fail('size');
    const plaintext = this.decryptBytes(bytes.value);
    return plaintext.ok && plaintext.value.length > bytesMax ? fail('size') : plaintext;
  }

  /** The same as text; null when it does not open or is not UTF-8. */
  decryptText(payload: string, bytesMax = PLAINTEXT_BYTES_MAX): string | null {
    const plaintext = this.decrypt(payload, bytesMax);
    return plaintext.ok ? fromUtf8(plaintext.value) : null;
  }

  /** Decrypts a decoded payload of at least `PAYLOAD_BYTES_MIN` bytes whose version is checked. */
  decryptBytes(payload: Uint8Array): Result<Uint8Array, CryptoError> {
    const nonce = payload.subarray(1, NONCE_END);
    const sealed = payload.subarray(NONCE_END, payload.length - MAC_BYTES);
    const { cipherKey, cipherNonce, macKey } = messageKeys(this.#bytes, nonce);
    const mac = hmac(sha256, macKey, payload.subarray(1, payload.length - MAC_BYTES));
    if (!equalBytes(mac, payload.subarray(payload.length - MAC_BYTES))) return fail('mac');
    return unpad(chacha20(cipherKey, cipherNonce, sealed));
  }
}

/** Keys derived once and kept in memory: the ECDH costs milliseconds, and a chart asks for the same one each time. */
export class ConversationKeys {
  readonly #kept = new Map<string, Result<ConversationKey, CryptoError>>();

  /** `conv(secret, public)`. */
  of(secret: SecretKey, publicKey: Hex): Result<ConversationKey, CryptoError> {
    const name = secret.publicKey + publicKey;
    let key = this.#kept.get(name);
    if (key === undefined) {
      key = ConversationKey.derive(secret, publicKey);
      this.#kept.set(name, key);
    }
    return key;
  }

  clear(): void {
    this.#kept.clear();
  }
}

/** ChaCha20 key and nonce and the MAC key of one message. */
export function messageKeys(conversationKey: Uint8Array, nonce: Uint8Array) {
  const keys = expand(sha256, conversationKey, nonce, 76);
  return {
    cipherKey: keys.subarray(0, 32),
    cipherNonce: keys.subarray(32, 44),
    macKey: keys.subarray(44, 76),
  };
}

/** The smallest power of two that is not below `n`, from 2 to 2^31. */
export function nextPowerOfTwo(n: number): number {
  return 2 ** (32 - Math.clz32(n - 1));
}

/** Length of a padded text: the next 32 bytes, or the next eighth of the next power of two. */
export function paddedLength(length: number): number {
  if (length <= 32) return 32;
  const power = nextPowerOfTwo(length);
  const chunk = power <= 256 ? 32 : power / 8;
  return chunk * (Math.floor((length - 1) / chunk) + 1);
}

function pad(plaintext: Uint8Array): Uint8Array {
  const length = plaintext.length;
  const prefix = length < EXTENDED_FROM ? 2 : 6;
  const padded = new Uint8Array(prefix + paddedLength(length));
  const view = new DataView(padded.buffer);
  if (prefix === 2) view.setUint16(0, length);
  else view.setUint32(2, length);
  padded.set(plaintext, prefix);
  return padded;
}

function unpad(padded: Uint8Array): Result<Uint8Array, CryptoError> {
  const view = new DataView(padded.buffer, padded.byteOffset, padded.length);
  let prefix = 2;
  let length = view.getUint16(0);
  if (length === 0) {
    prefix = 6;
    length = view.getUint32(2);
    if (length < EXTENDED_FROM) return fail('padding');
  }
  if (padded.length !== prefix + paddedLength(length)) return fail('padding');
  return ok(padded.subarray(prefix, prefix + length));
}

/** Base64 to bytes, size and version checked before anything is allocated or hashed. */
export function decodePayload(payload: string, bytesMax: number): Result<Uint8Array, CryptoError> {
  // A text starting with '#' announces an encoding of some later version (NIP-44).
  if (payload.startsWith('#')) return fail('version');
  const charsMax = payloadCharsMax(bytesMax);
  if (payload === '' || payload.length > charsMax) return fail('size');
  const bytes = fromBase64(payload);
  if (!bytes) return fail(fitsUtf8(payload, charsMax) ? 'encoding' : 'size');
  return bytes[0] === VERSION ? ok(bytes) : fail('version');
}

/**
 * Length of the longest base64 payload of `plaintextBytes` bytes. Padding goes to at most an eighth of the next
 * power of two, which is less than a quarter of the text.
 */
export function payloadCharsMax(plaintextBytes: number): number {
  const isPower = (plaintextBytes & (plaintextBytes - 1)) === 0;
  const padded = isPower ? plaintextBytes : Math.floor(plaintextBytes / 4) * 5 + 32;
  return Math.ceil((padded + OVERHEAD_BYTES) / 3) * 4;
}

/** 64 lower-case hex characters to a secret key; the text of sealed secrets (docs/ref/protocol.md 1). */
export function secretFromText(bytes: Uint8Array): SecretKey | null {
  const text = fromUtf8(bytes);
  return text === null ? null : SecretKey.fromHex(text);
}
