/**
 * Bytes and their spellings: lower-case hex, the only spelling of keys, ids and hashes on the wire
 * (docs/ref/protocol.md 2.7), strict UTF-8, and strict base64 (RFC 4648, 4) for NIP-44 payloads.
 *
 * Decoders take one spelling and answer null for every other. They are not constant in time; compare MACs with
 * `equalBytes`.
 */
export { concatBytes, equalBytes } from '@noble/ciphers/utils.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Bytes to lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Exactly `2 * bytes` lower-case hex characters to bytes. */
export function fromHex(text: string, bytes: number): Uint8Array | null {
  if (text.length !== 2 * bytes) return null;
  const out = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 1) {
    const high = nibble(text.charCodeAt(2 * at));
    const low = nibble(text.charCodeAt(2 * at + 1));
    if (high < 0 || low < 0) return null;
    out[at] = (high << 4) | low;
  }
  return out;
}

/** Whether the text is `bytes` bytes in lower-case hex. */
export function isHex(text: string, bytes: number): boolean {
  return fromHex(text, bytes) !== null;
}

function nibble(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x61 && code <= 0x66) return code - 0x61 + 10;
  return -1;
}

/** Text to UTF-8. The text must be well-formed. */
export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** UTF-8 to text, a byte order mark kept as U+FEFF; null when the bytes are not well-formed UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Whether the text takes at most so many bytes in UTF-8. */
export function fitsUtf8(text: string, bytesMax: number): boolean {
  // A UTF-16 unit takes one to three bytes.
  if (text.length > bytesMax) return false;
  return text.length * 3 <= bytesMax || encoder.encode(text).length <= bytesMax;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SEXTETS = (() => {
  const table = new Int8Array(128).fill(-1);
  for (let value = 0; value < 64; value += 1) table[ALPHABET.charCodeAt(value)] = value;
  return table;
})();
/** Characters joined at once: `String.fromCharCode` takes its arguments on the stack. */
const CHUNK = 8_190;

/** Bytes to padded base64. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let from = 0; from < bytes.length; from += CHUNK) {
    text += btoa(String.fromCharCode(...bytes.subarray(from, from + CHUNK)));
  }
  return text;
}

/** Padded base64 to bytes. Blanks, missing padding and left-over bits are refused. */
export function fromBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const out = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  let written = 0;
  for (let at = 0; at < digits; at += 1) {
    const sextet = SEXTETS[text.charCodeAt(at)] ?? -1;
    if (sextet < 0) return null;
    bits = ((bits << 6) | sextet) & 0xffffff;
    if (at % 4 === 3) {
      out[written] = bits >> 16;
      out[written + 1] = (bits >> 8) & 255;
      out[written + 2] = bits & 255;
      written += 3;
    }
  }
  if (padding === 0) return out;
  const left = padding === 1 ? bits & 3 : bits & 15;
  if (left !== 0) return null;
  out[written] = padding === 1 ? bits >> 10 : bits >> 4;
  if (padding === 1) out[written + 1] = (bits >> 2) & 255;
  return out;
}
