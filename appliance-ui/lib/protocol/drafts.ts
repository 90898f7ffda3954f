/**
 * 32110 drafts and 32111 shared state of the staff: addressable, one copy under X1, an opaque `d`
 * (docs/ref/protocol.md 2.2, 2.7). Nothing here reaches a family.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { DEPTH_MAX } from './body.ts';
import { isHex, toHex, toUtf8 } from './bytes.ts';
import type { EpochSecret } from './envelope.ts';
import { numberFromText, sign } from './event.ts';
import { type JsonObject, parseStrict, writeJson } from './json.ts';
import { extractLabelled } from './keys.ts';
import { kinds } from './kinds.ts';
import type { ConversationKey } from './nip44.ts';
import type { Random } from './random.ts';
import { orThrow } from './result.ts';
import { keyFromHex, type SecretKey } from './secret.ts';
import type { Event, Hex } from './types.ts';

/** A new draft's `d`: 16 random bytes, hex. */
export function draftName(random: Random): string {
  return toHex(random().subarray(0, 16));
}

/**
 * The `d` of shared state: hex HMAC-SHA256(HKDF-extract(salt "relaybox/d/1", ikm e), logical key). Only holders of e
 * can tell what the entry is about.
 */
export function sharedName(epoch: SecretKey, logicalKey: string): Hex {
  return toHex(hmac(sha256, extractLabelled('relaybox/d/1', epoch.bytes()), toUtf8(logicalKey)));
}

/** `created_at` of a new version: never older than, nor equal to, the version before it, whatever the clock says. */
export function nextCreatedAt(now: number, previous: number | null): number {
  return previous === null ? now : Math.max(now, previous + 1);
}

/** Parts of a 32110 or 32111. */
export interface Draft {
  readonly kind: typeof kinds.draft | typeof kinds.sharedState;
  /** `draftName` or `sharedName`. */
  readonly d: string;
  /** One JSON object without binding. */
  readonly state: JsonObject;
  /** Unix seconds. */
  readonly expiration: number;
  /** `nextCreatedAt`. */
  readonly createdAt: number;
}

/** A signed draft or shared state under X1 of the compartment. Throws when the state is too large. */
export function build(author: SecretKey, epoch: EpochSecret, draft: Draft, random: Random): Event {
  const content = orThrow(epoch.practiceKey().encrypt(toUtf8(writeJson(draft.state)), random));
  const tags = [
    ['d', draft.d],
    ['p', epoch.public],
    ['enc', 'nip44'],
    ['expiration', `${draft.expiration}`],
  ];
  return sign(author, draft.kind, tags, content, draft.createdAt);
}

/** The tags of a 32110 or 32111, checked for shape. */
export interface DraftShape {
  readonly d: string;
  readonly epochKey: Hex;
  readonly expiration: number;
}

/** Parses the strict shape. Whether the expiration is within its limit depends on the time and is the relay's to say. */
export function parse(event: Event): DraftShape | null {
  const dBytes = event.kind === kinds.draft ? 16 : 32;
  if (event.kind !== kinds.draft && event.kind !== kinds.sharedState) return null;
  const values = new Map<string, string>();
  for (const tag of event.tags) {
    const [name = '', value = ''] = tag;
    if (tag.length !== 2 || !['d', 'p', 'enc', 'expiration'].includes(name) || values.has(name)) return null;
    values.set(name, value);
  }
  const d = values.get('d') ?? '';
  const epochKey = keyFromHex(values.get('p'));
  const expiration = numberFromText(values.get('expiration'));
  const fits = isHex(d, dBytes) && values.get('enc') === 'nip44' && epochKey !== null && expiration !== null;
  return fits ? { d, epochKey, expiration } : null;
}

/** The state, for holders of X1. */
export function open(event: Event, practiceKey: ConversationKey): JsonObject | null {
  const text = practiceKey.decryptText(event.content);
  return text === null ? null : parseStrict(text, DEPTH_MAX);
}
