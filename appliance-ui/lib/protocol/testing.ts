/** Keys and randomness by name, for unit tests. */
import { sha256 } from '@noble/hashes/sha2.js';
import { toUtf8 } from './bytes.ts';
import { type Random, seeded } from './random.ts';
import { SecretKey } from './secret.ts';

/** The secret key whose bytes are SHA-256 of the name. */
export function keys(name: string): SecretKey {
  const secret = SecretKey.fromBytes(sha256(toUtf8(name)));
  if (!secret) throw new Error('not a secret key');
  return secret;
}

/** A stream seeded with SHA-256 of the name. */
export function random(name: string): Random {
  return seeded(sha256(toUtf8(name)));
}
