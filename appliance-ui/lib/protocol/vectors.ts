/**
 * Reads `tests/vectors/*.json`, for tests only: each file holds inputs and expected outputs that the Rust code reads
 * as well.
 */
import { readFileSync } from 'node:fs';
import { fromHex } from './bytes.ts';
import { Verified } from './event.ts';
import { orThrow } from './result.ts';
import { SecretKey } from './secret.ts';
import type { Event, Hex } from './types.ts';

const FOLDER = new URL('../../../tests/vectors/', import.meta.url);

export function vectorText(name: `${string}.json`): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

/** The parsed file; the caller says what it holds. */
export function vectors<T>(name: `${string}.json`): T {
  return JSON.parse(vectorText(name));
}

/** The rows, which must not be none: a test over nothing proves nothing. */
export function rows<T>(list: readonly T[] | undefined): readonly T[] {
  if (!list?.length) throw new Error('a list of vectors is empty');
  return list;
}

/** An event whose id and signature hold. */
export function verified(event: Event): Event {
  return orThrow(Verified.parse(JSON.stringify(event))).event;
}

export function secretOf(text: Hex | undefined): SecretKey {
  const secret = SecretKey.fromHex(text ?? '');
  if (!secret) throw new Error('no secret key');
  return secret;
}

export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex, hex.length / 2);
  if (!bytes) throw new Error('no hex');
  return bytes;
}
