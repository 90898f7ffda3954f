/**
 * Randomness as a value: whoever calls hands it over. A face gives the system's (`crypto.getRandomValues`), demo
 * data and vectors give a seeded stream.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { SecretKey } from './secret.ts';

/** The next 32 random bytes. */
export type Random = () => Uint8Array;

/** SHA-256(seed ‖ counter as 8 bytes big endian), for demo data and vectors only. */
export function seeded(seed: Uint8Array): Random {
  let counter = 0n;
  return () => {
    const block = new Uint8Array(seed.length + 8);
    block.set(seed);
    new DataView(block.buffer).setBigUint64(seed.length, counter);
    counter += 1n;
    return sha256(block);
  };
}

/** A fresh secret key. */
export function randomSecret(random: Random): SecretKey {
  for (;;) {
    const secret = SecretKey.fromBytes(random());
    if (secret) return secret;
  }
}
