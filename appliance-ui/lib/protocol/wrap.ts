/** NIP-59 gift wraps and NIP-17 messages with explicit randomness and time. */
import { fromUtf8, isHex, toUtf8 } from './bytes.ts';
import {
  EVENT_BYTES_MAX,
  eventId,
  eventJson,
  hashesAlike,
  parseUnverified,
  readMembers,
  readUnsigned,
  sign,
  type Tag,
  verify,
} from './event.ts';
import { writeJson } from './json.ts';
import { kinds } from './kinds.ts';
import { ConversationKey, type CryptoError, WRAP_PLAINTEXT_BYTES_MAX } from './nip44.ts';
import { type Random, randomSecret } from './random.ts';
import { fail, ok, orThrow, type Result } from './result.ts';
import type { SecretKey } from './secret.ts';
import type { Event, Hex } from './types.ts';

/** A rumor (unsigned inner event) to wrap. */
export interface Rumor {
  readonly kind: number;
  readonly tags: readonly Tag[];
  readonly content: string;
  /** Unix seconds. */
  readonly createdAt: number;
}

/** A NIP-17 chat message (kind 14) to one person. */
export function chat(to: Hex, text: string, createdAt: number): Rumor {
  return { kind: kinds.chat, tags: [['p', to]], content: text, createdAt };
}

/** The id that the event would have under this author. */
export function rumorId(rumor: Rumor, author: Hex): Hex {
  const { kind, tags, content, createdAt } = rumor;
  return eventId({ pubkey: author, created_at: createdAt, kind, tags, content });
}

/** Where a wrap goes, and the times it shows: unix seconds, up to two days back. */
export interface Wrapping {
  readonly receiver: Hex;
  /** Kind 21059 instead of 1059. */
  readonly ephemeral: boolean;
  readonly sealAt: number;
  readonly wrapAt: number;
}

/**
 * Seals (13) and wraps for one receiver. Throws when the receiver's key is not on the curve or the rumor does not fit
 * into one event.
 */
export function wrap(sender: SecretKey, rumor: Rumor, to: Wrapping, random: Random): Event {
  const { kind, tags, content, createdAt } = rumor;
  const pubkey = sender.publicKey;
  const members = { id: rumorId(rumor, pubkey), pubkey, created_at: createdAt, kind, tags, content };
  const sealed = encrypt(sender, to.receiver, writeJson(members), random);
  const seal = eventJson(sign(sender, kinds.seal, [], sealed, to.sealAt));
  const once = randomSecret(random);
  const outer = encrypt(once, to.receiver, seal, random);
  const wrapKind = to.ephemeral ? kinds.ephemeralWrap : kinds.giftWrap;
  return sign(once, wrapKind, [['p', to.receiver]], outer, to.wrapAt);
}

function encrypt(from: SecretKey, to: Hex, text: string, random: Random): string {
  const key = orThrow(ConversationKey.derive(from, to));
  return orThrow(key.encrypt(toUtf8(text), random, WRAP_PLAINTEXT_BYTES_MAX));
}

/** Why a wrap does not open: its cipher, the shape of seal or rumor, the seal's signature, another sender inside. */
export type UnwrapError = CryptoError | 'shape' | 'signature' | 'sender';

/** The sender, whom the seal proves, and the rumor. */
export interface Unwrapped {
  readonly sender: Hex;
  readonly rumor: Rumor;
}

/**
 * Opens a wrap and checks the signature of its seal. That of the wrap proves nothing about the sender and is the
 * relay's to check.
 */
export function unwrap(receiver: SecretKey, event: Event): Result<Unwrapped, UnwrapError> {
  if (event.kind !== kinds.giftWrap && event.kind !== kinds.ephemeralWrap) return fail('shape');
  const sealText = decrypt(receiver, event.pubkey, event.content);
  if (!sealText.ok) return sealText;
  const seal = parseUnverified(sealText.value);
  if (!seal.ok || seal.value.kind !== kinds.seal || seal.value.tags.length > 0) return fail('shape');
  if (verify(seal.value) !== null) return fail('signature');
  const sender = seal.value.pubkey;
  const text = decrypt(receiver, sender, seal.value.content);
  return text.ok ? readRumor(text.value, sender) : text;
}

/** The members of a rumor; `id` may be missing, `sig` must be (NIP-59). */
function readRumor(text: string, sender: Hex): Result<Unwrapped, UnwrapError> {
  const members = readMembers(text, EVENT_BYTES_MAX);
  if (!members.ok) return fail('shape');
  const { id = null, ...rest } = members.value;
  const unsigned = readUnsigned(rest);
  if (!unsigned.ok || (id !== null && typeof id !== 'string')) return fail('shape');
  const { pubkey, created_at, kind, tags, content } = unsigned.value;
  if (!hashesAlike(tags, content)) return fail('shape');
  if (pubkey !== sender) return fail('sender');
  const rumor: Rumor = { kind, tags, content, createdAt: created_at };
  const idFits = id === null || (isHex(id, 32) && id === rumorId(rumor, sender));
  return idFits && tags.every((tag) => tag.length > 0) ? ok({ sender, rumor }) : fail('shape');
}

function decrypt(receiver: SecretKey, from: Hex, payload: string): Result<string, UnwrapError> {
  const key = ConversationKey.derive(receiver, from);
  if (!key.ok) return key;
  const bytes = key.value.decrypt(payload, WRAP_PLAINTEXT_BYTES_MAX);
  if (!bytes.ok) return bytes;
  const text = fromUtf8(bytes.value);
  return text === null ? fail('shape') : ok(text);
}
