/**
 * The former suite's cipher, read only (docs/ref/protocol.md 2.6, which describes the format). Nothing here can
 * encrypt.
 */
import { poly1305 } from '@noble/ciphers/_poly1305.js';
import { chacha20 } from '@noble/ciphers/chacha.js';
import { expand, hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, toUtf8 } from './bytes.ts';
import {
  type ConversationKey,
  type CryptoError,
  decodePayload,
  nextPowerOfTwo,
  PAYLOAD_BYTES_MIN,
  PLAINTEXT_BYTES_MAX,
} from './nip44.ts';
import { fail, ok, type Result } from './result.ts';

const NONCE_BYTES = 32;
const TAG_BYTES = 16;
const LENGTH_BYTES = 2;
/** Padded text is a power of two of at least this many bytes. */
const PADDED_BYTES_MIN = 32;
/** From this many bytes on the two-byte length field of the former writer wraps. */
const LENGTH_WRAPS_AT = 65_536;
const BLOCK_BYTES = 64;
const MESSAGE_KEYS_BYTES = 76;
const INFO = toUtf8('nip44-v2');

/**
 * What trial decryption found: real NIP-44 v2, the former suite's format, or an authentic text whose length field
 * wrapped (65,536 bytes and more).
 */
export type Opened = { readonly is: 'v2' | 'legacy'; readonly text: Uint8Array } | { readonly is: 'damaged' };

/**
 * Opens a payload by trial under conv(p0, reader): HMAC first, then Poly1305. Both ciphers start from the same
 * conversation key, so grants of epoch 0 carry conversation keys like all others. Both also have the same version
 * byte; only the authenticators tell them apart.
 */
export function open(key: ConversationKey, payload: string): Result<Opened, CryptoError> {
  const bytes = decodePayload(payload, PLAINTEXT_BYTES_MAX);
  if (!bytes.ok) return bytes;
  if (bytes.value.length >= PAYLOAD_BYTES_MIN) {
    const text = key.decryptBytes(bytes.value);
    if (text.ok) return ok({ is: 'v2', text: text.value });
    if (text.error !== 'mac') return text;
  }
  return openFormer(key, bytes.value);
}

function openFormer(key: ConversationKey, payload: Uint8Array): Result<Opened, CryptoError> {
  if (payload.length < 1 + NONCE_BYTES + LENGTH_BYTES + PADDED_BYTES_MIN + TAG_BYTES) return fail('size');
  const nonce = payload.subarray(1, 1 + NONCE_BYTES);
  const text = payload.subarray(1 + NONCE_BYTES, payload.length - TAG_BYTES);
  const keys = messageKeys(key, nonce);
  const [cipherKey, cipherNonce] = [keys.subarray(0, 32), keys.subarray(32, 44)];
  const macKey = chacha20(cipherKey, cipherNonce, new Uint8Array(BLOCK_BYTES)).subarray(0, 32);
  // The tag covers the ciphertext alone: no nonce, no lengths, no alignment to sixteen bytes.
  if (!equalBytes(poly1305(text, macKey), payload.subarray(payload.length - TAG_BYTES))) return fail('mac');
  return unpad(chacha20(cipherKey, cipherNonce, text, undefined, 1));
}

/**
 * Keys of one message: drawn from the conversation key expanded with empty info, extracted again with the nonce as
 * salt, and expanded with the info `nip44-v2`.
 */
function messageKeys(key: ConversationKey, nonce: Uint8Array): Uint8Array {
  const first = expand(sha256, key.bytes(), new Uint8Array(), MESSAGE_KEYS_BYTES);
  return hkdf(sha256, first, nonce, INFO, MESSAGE_KEYS_BYTES);
}

/**
 * A length in two bytes, the text, zeros up to a power of two. A text whose length wrapped stands in more padding than
 * its length field asks for.
 */
function unpad(padded: Uint8Array): Result<Opened, CryptoError> {
  const length = ((padded[0] ?? 0) << 8) | (padded[1] ?? 0);
  const text = padded.subarray(LENGTH_BYTES);
  const canonical = nextPowerOfTwo(Math.max(length, PADDED_BYTES_MIN));
  if (text.length === canonical) return ok({ is: 'legacy', text: text.subarray(0, length) });
  const isPower = (text.length & (text.length - 1)) === 0;
  if (text.length > canonical && text.length >= LENGTH_WRAPS_AT && isPower) return ok({ is: 'damaged' });
  return fail('padding');
}
