/**
 * What came of opening a record, kept for each event: a chart is judged anew with every change of policy, and opened
 * once.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { type Body, commitment, parse, parseConfidential } from '../body.ts';
import { fromUtf8, toHex, toUtf8 } from '../bytes.ts';
import { openContent, openPatientCopy } from '../envelope.ts';
import { pTag, tagValue } from '../event.ts';
import { kinds } from '../kinds.ts';
import { open as openLegacy } from '../legacy.ts';
import type { ConversationKey, CryptoError } from '../nip44.ts';
import { orNull, type Result } from '../result.ts';
import type { Event, Hex } from '../types.ts';
import type { Held } from './held.ts';

/** `failed`: a key is held and the copy does not open. */
export type Opening = { readonly is: 'failed' | 'no-key' } | Opened;

export interface Opened {
  readonly is: 'opened';
  readonly copiesDiffer: boolean;
  readonly commitment: Hex;
  /** Null when the bytes break the rules of a body. */
  readonly body: Body | null;
  /** A digest of all that a retry may not change (2.8.9); empty without a body. */
  readonly same: Hex;
}

/** The text of an import: it has no binding and no commitment. */
export type ImportOpening =
  | { readonly is: 'failed' | 'no-key' }
  | { readonly is: 'opened'; readonly copiesDiffer: boolean; readonly text: string | null };

type Bytes =
  | { readonly is: 'failed' | 'no-key' }
  | { readonly is: 'bytes'; readonly bytes: Uint8Array; readonly copiesDiffer: boolean };

const FAILED = { is: 'failed' } as const;
const NO_KEY = { is: 'no-key' } as const;

/** Of events whose id and signature hold. */
export class Openings {
  readonly #kept = new Map<Hex, Opening>();
  readonly #keptImports = new Map<Hex, ImportOpening>();
  /** Bodies that a signer elsewhere has opened. */
  readonly #given = new Map<Hex, Uint8Array>();
  #held: Held;

  constructor(held: Held) {
    this.#held = held;
  }

  /** What did not open before may open with these; whether copies differ may show only with more keys. */
  hold(held: Held): void {
    this.#held = held;
    this.#kept.clear();
    this.#keptImports.clear();
  }

  /** Takes a body that was opened elsewhere, by whoever holds the key; the commitment shows whether it is the body. */
  give(id: Hex, body: Uint8Array): void {
    this.#given.set(id, body);
    this.#kept.delete(id);
  }

  /** Opens a record of epoch ≥ 1. */
  of(event: Event): Opening {
    let kept = this.#kept.get(event.id);
    if (kept === undefined) {
      const given = this.#given.get(event.id);
      kept = given ? openingOf(event, given) : read(event, open(this.#held, event));
      this.#kept.set(event.id, kept);
    }
    return kept;
  }

  ofImport(event: Event): ImportOpening {
    const kept = this.#keptImports.get(event.id) ?? readImport(openImport(this.#held, event));
    this.#keptImports.set(event.id, kept);
    return kept;
  }
}

/** The opening of a record whose body comes with it: the commitment shows that it is the body. */
export function openingOf(event: Event, bytes: Uint8Array): Opening {
  return read(event, { is: 'bytes', bytes, copiesDiffer: false });
}

function read(event: Event, opened: Bytes): Opening {
  if (opened.is !== 'bytes') return opened;
  const { bytes, copiesDiffer } = opened;
  const body = orNull(event.kind === kinds.confidential ? parseConfidential(bytes) : parse(bytes));
  const same = body === null ? '' : sameness(event, bytes, body.binding.epochKey);
  return { is: 'opened', copiesDiffer, commitment: commitment(bytes), body, same };
}

function readImport(opened: Bytes): ImportOpening {
  if (opened.is !== 'bytes') return opened;
  return { is: 'opened', copiesDiffer: opened.copiesDiffer, text: fromUtf8(opened.bytes) };
}

function open(held: Held, event: Event): Bytes {
  const epochKey = pTag(event, 0);
  if (epochKey === null) return NO_KEY;
  switch (tagValue(event, 'enc')) {
    case 'nip44-dual':
      return openDual(held, event, epochKey);
    case 'nip44':
      return openOneCopy(held, event, epochKey);
  }
  return NO_KEY;
}

function openDual(held: Held, event: Event, epochKey: Hex): Bytes {
  const reader = pTag(event, 1);
  const epoch = held.epoch(epochKey);
  if (epoch !== null) {
    const body = openContent(event, epoch.practiceKey());
    if (!body.ok) return FAILED;
    return {
      is: 'bytes',
      bytes: body.value,
      copiesDiffer: reader !== null && differs(event, epoch.readerKey(reader), body.value),
    };
  }
  if (reader === null) return NO_KEY;
  return firstThatOpens(held.readerKeys(epochKey, reader), (key) => openPatientCopy(event, key));
}

/** Whether the patient's copy is missing, does not open, or differs in one byte. */
function differs(event: Event, key: Result<ConversationKey, CryptoError>, body: Uint8Array): boolean {
  const copy = key.ok ? orNull(openPatientCopy(event, key.value)) : null;
  return copy === null || !sameBytes(copy, body);
}

function openOneCopy(held: Held, event: Event, epochKey: Hex): Bytes {
  const byStaff = held.epoch(epochKey)?.readerKey(event.pubkey);
  const keys = [...held.readerKeys(epochKey, event.pubkey), ...(byStaff?.ok ? [byStaff.value] : [])];
  return firstThatOpens(keys, (key) => openContent(event, key));
}

function firstThatOpens(
  keys: readonly ConversationKey[],
  open: (key: ConversationKey) => Result<Uint8Array, CryptoError>,
): Bytes {
  for (const key of keys) {
    const bytes = open(key);
    if (bytes.ok) return { is: 'bytes', bytes: bytes.value, copiesDiffer: false };
  }
  return keys.length === 0 ? NO_KEY : FAILED;
}

/**
 * Opens an imported record. What the practice wrote has two copies: content under X1, the patient's under
 * conv(p0, T). What a patient or guardian wrote has one, under conv(p0, author).
 */
function openImport(held: Held, event: Event): Bytes {
  const practice = pTag(event, 0);
  if (practice === null) return FAILED;
  const x1 = held.legacy();
  const content = openFormer(x1 === null ? [] : [x1], event.content);
  const reader = pTag(event, 1);
  const copy = tagValue(event, 'patient-content') ?? tagValue(event, 'recipient-content');
  if (copy !== null && reader !== null) {
    return formerPair(content, openFormer(held.readerKeys(practice, reader), copy));
  }
  return formerSingle(content, openFormer(held.readerKeys(practice, event.pubkey), event.content));
}

/** `damaged`: authentic, and longer than its length field can say. */
type Former =
  | { readonly is: 'text'; readonly text: Uint8Array }
  | { readonly is: 'damaged' | 'other-key' | 'no-key' };

function openFormer(keys: readonly ConversationKey[], payload: string): Former {
  let found: Former = NO_KEY;
  for (const key of keys) {
    const opened = orNull(openLegacy(key, payload));
    if (opened !== null && opened.is !== 'damaged') return { is: 'text', text: opened.text };
    if (opened !== null) found = { is: 'damaged' };
    else if (found.is === 'no-key') found = { is: 'other-key' };
  }
  return found;
}

function formerPair(content: Former, copy: Former): Bytes {
  const [one, other] = content.is === 'text' ? [content, copy] : [copy, content];
  if (one.is === 'text') {
    // A member without rows of epoch 0 cannot compare; that is no difference.
    const same = other.is === 'text' ? sameBytes(one.text, other.text) : other.is === 'no-key';
    return { is: 'bytes', bytes: one.text, copiesDiffer: !same };
  }
  return one.is === 'no-key' && other.is === 'no-key' ? NO_KEY : FAILED;
}

/**
 * One copy. X1 that does not fit says nothing, for a guardian may have written it: without the author's key it is
 * sealed.
 */
function formerSingle(x1: Former, author: Former): Bytes {
  const text = x1.is === 'text' ? x1 : author;
  if (text.is === 'text') return { is: 'bytes', bytes: text.text, copiesDiffer: false };
  return x1.is !== 'damaged' && author.is === 'no-key' ? NO_KEY : FAILED;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Kind, second `p`, `act`, `e` and `x` tags, and the body but for E in the binding. */
function sameness(event: Event, body: Uint8Array, epochKey: Hex): Hex {
  const kind = Uint8Array.of(event.kind >> 8, event.kind & 255);
  const tags = event.tags.filter(([name]) => name === 'act' || name === 'e' || name === 'x');
  // JSON keeps the cells apart, whatever they hold.
  const envelope = toUtf8(JSON.stringify([pTag(event, 1) ?? '', tags]));
  return toHex(sha256.create().update(kind).update(envelope).update(without(body, epochKey)).digest());
}

/** The body with the one place of E in the binding blanked: between the kind and P, spaces around it. */
function without(body: Uint8Array, epochKey: Hex): Uint8Array {
  const text = fromUtf8(body) ?? '';
  return toUtf8(text.replace(` ${epochKey} `, ` ${'0'.repeat(epochKey.length)} `));
}
