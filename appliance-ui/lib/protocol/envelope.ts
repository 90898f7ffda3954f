/** The clinical envelope (docs/ref/protocol.md 2.1): build in staff and family form, open for each reader. */
import { commitment, write } from './body.ts';
import { type Link, linkTag, pTag, sign, type Tag, tagValue } from './event.ts';
import { kinds } from './kinds.ts';
import { type ConversationKey, ConversationKeys, type CryptoError } from './nip44.ts';
import type { Random } from './random.ts';
import { fail, orThrow, type Result } from './result.ts';
import type { SecretKey } from './secret.ts';
import type { Event, Hex, Resource } from './types.ts';

export { type Envelope, type Form, MARKERS, parse } from './envelope/shape.ts';

/** An epoch key pair of one compartment as a staff member holds it. Derives each conversation key once. */
export class EpochSecret {
  readonly secret: SecretKey;
  readonly #keys = new ConversationKeys();

  constructor(secret: SecretKey) {
    this.secret = secret;
  }

  /** E. */
  get public(): Hex {
    return this.secret.publicKey;
  }

  /** X1 = conv(e, E): opens every `content` that staff wrote under this key. */
  practiceKey(): ConversationKey {
    return orThrow(this.#keys.of(this.secret, this.public));
  }

  /** X2 = conv(e, reader): a person's copy, and what that person wrote in the one-copy form. */
  readerKey(reader: Hex): Result<ConversationKey, CryptoError> {
    return this.#keys.of(this.secret, reader);
  }
}

/** What one record says, before it is bound and encrypted. */
export interface NewRecord {
  /** The true kind (2110–2121, 2124–2126). */
  readonly kind: number;
  /** Whole FHIR R4 resource without binding. */
  readonly resource: Resource;
  /** T of the patient the record is about (binding). */
  readonly subject: Hex;
  /** The act, 32 bytes: kept by a retry. */
  readonly r: Hex;
  /** `["act","sign"]`. */
  readonly sign?: boolean;
  readonly links?: readonly Link[];
  /** Blob hashes, hex. */
  readonly blobs?: readonly Hex[];
  /** Kind-specific tags in clear (2110: pop, own, rekey, legacy; 2126: provider, guardian, start, end). */
  readonly extra?: readonly Tag[];
  /** Unix seconds. */
  readonly createdAt: number;
}

/** Where a record goes. `confidential` makes kind 2123, padded. */
export interface StaffPlace {
  readonly practice: Hex;
  readonly epoch: EpochSecret;
  /** T, C, or the person answered. */
  readonly reader: Hex | null;
  readonly confidential: boolean;
}

/**
 * Staff form: content under X1 and, with a reader, `patient-content` under conv(e, reader). Throws when the body or
 * the reader's key does not fit.
 */
export function sealStaff(author: SecretKey, place: StaffPlace, record: NewRecord, random: Random): Event {
  const { practice, epoch, reader, confidential } = place;
  const body = bodyOf(record, author.publicKey, practice, epoch.public, confidential);
  const content = orThrow(epoch.practiceKey().encrypt(body, random));
  const tags: Tag[] = [['p', epoch.public]];
  if (reader !== null) {
    const copy = orThrow(orThrow(epoch.readerKey(reader)).encrypt(body, random));
    tags.push(['p', reader], ['patient-content', copy]);
  }
  tags.push(['enc', 'nip44-dual']);
  return finish(record, author, confidential, tags, body, content);
}

export interface FamilyPlace {
  readonly practice: Hex;
  readonly epochKey: Hex;
  /** Of a 2126 only: T. */
  readonly secondP: Hex | null;
  readonly confidential: boolean;
}

/**
 * One-copy form of patients, own keys and guardians: content = NIP44(conv(author, E), body). Throws when the body or
 * the epoch key does not fit.
 */
export function sealFamily(
  author: SecretKey,
  place: FamilyPlace,
  record: NewRecord,
  random: Random,
  keys = new ConversationKeys(),
): Event {
  const { practice, epochKey, secondP, confidential } = place;
  const body = bodyOf(record, author.publicKey, practice, epochKey, confidential);
  const content = orThrow(orThrow(keys.of(author, epochKey)).encrypt(body, random));
  const tags: Tag[] = [['p', epochKey]];
  if (secondP !== null) tags.push(['p', secondP]);
  tags.push(['enc', 'nip44']);
  return finish(record, author, confidential, tags, body, content);
}

function bodyOf(record: NewRecord, signer: Hex, practice: Hex, epochKey: Hex, pad: boolean): Uint8Array {
  const { subject, kind, r } = record;
  return write(record.resource, { signer, subject, kind, epochKey, practice, r }, pad);
}

/** Signs the event: the given head of the tags, then commitment, act, links, blobs and extras. */
function finish(
  record: NewRecord,
  author: SecretKey,
  confidential: boolean,
  head: readonly Tag[],
  body: Uint8Array,
  content: string,
): Event {
  const { sign: signed = false, links = [], blobs = [], extra = [] } = record;
  const tags: Tag[] = [
    ...head,
    ['pc', commitment(body)],
    ...(signed ? [['act', 'sign']] : []),
    ...links.map(linkTag),
    ...blobs.map((blob) => ['x', blob]),
    ...extra,
  ];
  return sign(author, confidential ? kinds.confidential : record.kind, tags, content, record.createdAt);
}

/** Opens `content`: X1 for the dual form, conv(author, E) for the one-copy form. */
export function openContent(event: Event, key: ConversationKey): Result<Uint8Array, CryptoError> {
  return key.decrypt(event.content);
}

/** Opens `patient-content` (or `recipient-content`). */
export function openPatientCopy(event: Event, key: ConversationKey): Result<Uint8Array, CryptoError> {
  const copy = tagValue(event, 'patient-content') ?? tagValue(event, 'recipient-content');
  return copy === null ? fail('encoding') : key.decrypt(copy);
}

/**
 * Opens what the holder of `secret` may read of an event by own key and the first `p` alone: own writing in the
 * one-copy form, else the person's copy.
 */
export function openAsPerson(
  event: Event,
  secret: SecretKey,
  keys = new ConversationKeys(),
): Result<Uint8Array, CryptoError> {
  const epochKey = pTag(event, 0);
  if (epochKey === null) return fail('key');
  const key = keys.of(secret, epochKey);
  if (!key.ok) return key;
  return tagValue(event, 'enc') === 'nip44'
    ? openContent(event, key.value)
    : openPatientCopy(event, key.value);
}
