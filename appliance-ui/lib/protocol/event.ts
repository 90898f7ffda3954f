/**
 * Nostr events (NIP-01): strict parsing, verification, exact bytes, signing, index keys.
 *
 * Invariant: a `Verified` has a valid id and a valid signature, and keeps its exact bytes.
 */
import { schnorr } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { fitsUtf8, fromHex, fromUtf8, isHex, toHex, toUtf8 } from './bytes.ts';
import { parseStrictUnsigned } from './json.ts';
import { kinds } from './kinds.ts';
import type { Refusal } from './refusal.ts';
import { fail, ok, type Result } from './result.ts';
import { keyFromHex, type SecretKey } from './secret.ts';

import type { Event, Hex } from './types.ts';

/** Largest event JSON in bytes: two copies of the largest body fit. */
export const EVENT_BYTES_MAX = 393_216;
/** Largest first value of a single-letter tag in bytes; a longer one could not be found by a filter. */
export const INDEX_VALUE_BYTES_MAX = 1_024;
/** An event, its tags, a tag. */
const DEPTH_MAX = 3;
const NO_AUX = new Uint8Array(32);

/** An event whose id and signature hold, with the exact text it came in. */
export class Verified {
  readonly event: Event;
  readonly json: string;

  private constructor(event: Event, json: string) {
    this.event = event;
    this.json = json;
  }

  /**
   * Parses and verifies one event object of at most `bytesMax` bytes. Refuses unknown or duplicate members,
   * upper-case hex, control characters and lone surrogates (docs/ref/protocol.md 2.8.14).
   */
  static parse(json: string, bytesMax = EVENT_BYTES_MAX): Result<Verified, Refusal> {
    const event = parseUnverified(json, bytesMax);
    if (!event.ok) return event;
    const refusal = verify(event.value);
    return refusal === null ? ok(new Verified(event.value, json)) : fail(refusal);
  }

  /** The same from bytes, which must be well-formed UTF-8. */
  static parseBytes(bytes: Uint8Array, bytesMax = EVENT_BYTES_MAX): Result<Verified, Refusal> {
    if (bytes.length > bytesMax) return fail('too-large');
    const json = fromUtf8(bytes);
    return json === null ? fail('malformed') : Verified.parse(json, bytesMax);
  }

  /** An event built here: verified again, serialised once. */
  static fromEvent(event: Event): Result<Verified, Refusal> {
    return Verified.parse(eventJson(event));
  }
}

/** The seven members without blanks. */
export function eventJson(event: Event): string {
  const { id, pubkey, created_at, kind, tags, content, sig } = event;
  return JSON.stringify({ id, pubkey, created_at, kind, tags, content, sig });
}

/** Parses without checking id and signature, for readers that name the reason themselves. */
export function parseUnverified(json: string, bytesMax = EVENT_BYTES_MAX): Result<Event, Refusal> {
  const members = readMembers(json, bytesMax);
  return members.ok ? eventFrom(members.value) : members;
}

/**
 * An event among values that `JSON.parse` read, as frames carry them; id and signature are not checked. Equal members
 * are gone by then: the id says whether the one that is left is the signed one.
 */
export function eventFrom(value: { readonly [name: string]: unknown }): Result<Event, Refusal> {
  const { id, sig, ...rest } = value;
  const unsigned = readUnsigned(rest);
  if (!unsigned.ok) return unsigned;
  if (typeof id !== 'string' || !isHex(id, 32)) return fail('malformed');
  if (typeof sig !== 'string' || !isHex(sig, 64) || !isHex(unsigned.value.pubkey, 32))
    return fail('malformed');
  const event: Event = { id, ...unsigned.value, sig };
  const odd = firstDeparture(event);
  return odd === null ? ok(event) : fail(odd);
}

/** One JSON object of at most `bytesMax` bytes. */
export function readMembers(
  json: string,
  bytesMax: number,
): Result<{ readonly [name: string]: unknown }, Refusal> {
  if (!fitsUtf8(json, bytesMax)) return fail('too-large');
  const members = parseStrictUnsigned(json, DEPTH_MAX);
  return members === null ? fail('malformed') : ok(members);
}

/** What an event says before it is signed. */
export type Unsigned = Omit<Event, 'id' | 'sig'>;

/** The five members of an unsigned event by type; the strings are not looked into. */
export function readUnsigned(members: { readonly [name: string]: unknown }): Result<Unsigned, Refusal> {
  const { pubkey, created_at, kind, tags, content } = members;
  const fits =
    Object.keys(members).length === 5 &&
    typeof pubkey === 'string' &&
    isUnsigned(created_at) &&
    isUnsigned(kind) &&
    kind <= 0xffff &&
    isText(content) &&
    isTags(tags);
  return fits ? ok({ pubkey, created_at, kind, tags, content }) : fail('malformed');
}

function isTags(tags: unknown): tags is readonly (readonly string[])[] {
  return Array.isArray(tags) && tags.every((tag) => Array.isArray(tag) && tag.every(isText));
}

function isUnsigned(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && !Object.is(value, -0);
}

/** A string without lone surrogates. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

function firstDeparture(event: Event): Refusal | null {
  if (!hashesAlike(event.tags, event.content)) return 'control-character';
  if (event.tags.some((tag) => tag.length === 0)) return 'malformed';
  const long = (tag: readonly string[]) =>
    letterOf(tag) !== null && tag[1] !== undefined && !fitsUtf8(tag[1], INDEX_VALUE_BYTES_MAX);
  return event.tags.some(long) ? 'too-large' : null;
}

/**
 * JSON libraries write control characters without a short escape differently, so their hash is not the same
 * everywhere (docs/ref/protocol.md 2.8.14).
 */
export function hashesAlike(tags: readonly (readonly string[])[], content: string): boolean {
  return !ODD.test(content) && !tags.some((tag) => tag.some((cell) => ODD.test(cell)));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what is looked for.
const ODD = /[\u0000-\u0007\u000b\u000e-\u001f]/;

/** SHA-256 of the NIP-01 array. */
export function eventId(event: Unsigned): Hex {
  const { pubkey, created_at, kind, tags, content } = event;
  return toHex(sha256(toUtf8(JSON.stringify([0, pubkey, created_at, kind, tags, content]))));
}

/** Checks id and signature of an event; null when both hold. */
export function verify(event: Event): 'bad-id' | 'bad-signature' | null {
  if (eventId(event) !== event.id) return 'bad-id';
  return signatureHolds(event.sig, event.id, event.pubkey) ? null : 'bad-signature';
}

/** BIP-340 over 32 bytes, all three in hex. */
export function signatureHolds(sig: Hex, message: Hex, key: Hex): boolean {
  const [sigBytes, messageBytes, keyBytes] = [fromHex(sig, 64), fromHex(message, 32), fromHex(key, 32)];
  if (!sigBytes || !messageBytes || !keyBytes) return false;
  return schnorr.verify(sigBytes, messageBytes, keyBytes);
}

export { keyFromHex };
export type Tag = readonly string[];

/**
 * Signs an event. The BIP-340 nonce is drawn from key and id alone, so that one event has one signature: a retry of
 * an outbox and a test vector give the same bytes.
 */
export function sign(
  secret: SecretKey,
  kind: number,
  tags: readonly Tag[],
  content: string,
  createdAt: number,
): Event {
  const unsigned = { pubkey: secret.publicKey, created_at: createdAt, kind, tags, content };
  const id = eventId(unsigned);
  const message = fromHex(id, 32) ?? NO_AUX;
  return { id, ...unsigned, sig: toHex(schnorr.sign(message, secret.bytes(), NO_AUX)) };
}

/**
 * A key under which an event is indexed: `:` and the author, or a tag's letter and its first value. Compared as
 * text.
 */
export type IndexKey = string;

export function authorIndexKey(author: Hex): IndexKey {
  return `:${author}`;
}

export function tagIndexKey(letter: string, value: string): IndexKey {
  return `${letter}${value}`;
}

/**
 * Keys under which an event is indexed: its author, and each single-letter tag's first value (of receipts only `p`
 * and `c`), without duplicates.
 */
export function indexKeys(event: Event): IndexKey[] {
  const keys = new Set([authorIndexKey(event.pubkey)]);
  for (const tag of event.tags) {
    const letter = letterOf(tag);
    if (letter === null || tag[1] === undefined) continue;
    if (event.kind === kinds.receipt && letter !== 'p' && letter !== 'c') continue;
    keys.add(tagIndexKey(letter, tag[1]));
  }
  return [...keys];
}

/** The letter of a single-letter tag. */
function letterOf(tag: Tag): string | null {
  return tag[0] !== undefined && /^[A-Za-z]$/.test(tag[0]) ? tag[0] : null;
}

/** First value of the `n`-th tag (from 0) of this name. */
export function tagValue(event: Event, name: string, n = 0): string | null {
  return event.tags.filter((tag) => tag[0] === name)[n]?.[1] ?? null;
}

/** The `n`-th `p` tag (from 0) as a key: lower-case hex only. */
export function pTag(event: Event, n: number): Hex | null {
  return keyFromHex(tagValue(event, 'p', n) ?? undefined);
}

/** A decimal number up to 2^53 − 1 without sign, leading zeros or blanks, as tags carry it. */
export function numberFromText(text: string | null | undefined): number | null {
  if (!text || !/^(?:0|[1-9][0-9]*)$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/** The NIP-40 expiration in unix seconds. */
export function expiration(event: Event): number | null {
  return numberFromText(tagValue(event, 'expiration'));
}

/** An `e` tag of a clinical event: id and marker (docs/ref/protocol.md 2.1). */
export interface Link {
  readonly id: Hex;
  readonly marker: string;
}

/** `["e", id, "", marker]`. */
export function linkTag(link: Link): Tag {
  return ['e', link.id, '', link.marker];
}

/** All `e` tags that name an id, with their markers (empty marker when there is none). */
export function links(event: Event): Link[] {
  const found: Link[] = [];
  for (const tag of event.tags) {
    const id = tag[0] === 'e' ? keyFromHex(tag[1]) : null;
    if (id !== null) found.push({ id, marker: tag[3] ?? '' });
  }
  return found;
}
