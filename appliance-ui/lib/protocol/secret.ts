/**
 * Secret keys. The bytes stand in a private field: neither JSON, nor the console, nor a structured clone shows
 * them, so a key that is logged or posted by mistake arrives empty.
 */
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { fromHex, toHex } from './bytes.ts';
import type { Hex } from './types.ts';

/** A secp256k1 secret key with its public key. */
export class SecretKey {
  readonly #bytes: Uint8Array;
  /** The x coordinate (BIP-340), lower-case hex. */
  readonly publicKey: Hex;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.publicKey = toHex(schnorr.getPublicKey(bytes));
  }

  /** 32 bytes; null for zero and for the group's order and above. */
  static fromBytes(bytes: Uint8Array): SecretKey | null {
    return secp256k1.utils.isValidSecretKey(bytes) ? new SecretKey(bytes.slice()) : null;
  }

  /** 64 lower-case hex characters. */
  static fromHex(text: string): SecretKey | null {
    const bytes = fromHex(text, 32);
    return bytes && SecretKey.fromBytes(bytes);
  }

  /** The 32 bytes themselves, for the cipher: not to be kept, changed or shown. */
  bytes(): Uint8Array {
    return this.#bytes;
  }

  /** 64 lower-case hex characters, the text of sealed secrets. */
  toHex(): Hex {
    return toHex(this.#bytes);
  }
}

/** 64 lower-case hex characters; whether the key is on the curve shows when it is used. */
export function keyFromHex(text: string | undefined): Hex | null {
  return text !== undefined && fromHex(text, 32) ? text : null;
}

/** Whether the x coordinate is that of a point. */
export function isOnCurve(key: Hex): boolean {
  const bytes = fromHex(key, 32);
  if (!bytes) return false;
  try {
    schnorr.utils.lift_x(BigInt(`0x${key}`));
    return true;
  } catch {
    return false;
  }
}
