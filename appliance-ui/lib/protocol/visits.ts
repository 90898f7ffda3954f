/**
 * 2126 Visit and the telehealth signalling 4050–4055 (docs/ref/protocol.md 2.2, 2.7): the parties and the time of a
 * visit stand in clear, so that calls can be bound to it; all else is encrypted.
 */
import { DEPTH_MAX } from './body.ts';
import * as envelope from './envelope.ts';
import { numberFromText, type Tag, tagValue } from './event.ts';
import { type JsonObject, parseStrict } from './json.ts';
import { isSignalling, kinds } from './kinds.ts';
import { ConversationKey } from './nip44.ts';
import { keyFromHex, type SecretKey } from './secret.ts';
import type { Event, Hex } from './types.ts';

/** Signalling begins this many seconds before the visit. */
export const CALL_SECONDS_BEFORE = 15 * 60;
/** Signalling ends this many seconds after the visit. */
export const CALL_SECONDS_AFTER = 2 * 3_600;

/** What a 2126 says in clear. */
export interface Parties {
  readonly epochKey: Hex;
  /** T. */
  readonly subject: Hex;
  readonly providers: readonly Hex[];
  readonly guardians: readonly Hex[];
  /** Unix seconds; before `end`. */
  readonly start: number;
  readonly end: number;
}

/** Whether this key is a party of the visit: the patient, a provider or a guardian. */
export function isParty(parties: Parties, key: Hex): boolean {
  return parties.subject === key || parties.providers.includes(key) || parties.guardians.includes(key);
}

/** Whether parties may signal at this time. Start included, end excluded (2.8.7). */
export function openAt(parties: Parties, now: number): boolean {
  return now >= parties.start - CALL_SECONDS_BEFORE && now < parties.end + CALL_SECONDS_AFTER;
}

/** The tags in clear beside the envelope's own, for `NewRecord.extra`. */
export function tags(visit: Omit<Parties, 'epochKey' | 'subject'>): Tag[] {
  return [
    ...visit.providers.map((key) => ['p', key, 'provider']),
    ...visit.guardians.map((key) => ['p', key, 'guardian']),
    ['start', `${visit.start}`],
    ['end', `${visit.end}`],
  ];
}

/** Parses the parties and times of a 2126 whose envelope is well-formed. */
export function parse(event: Event): Parties | null {
  const shape = event.kind === kinds.visit ? envelope.parse(event) : null;
  const [start, end] = [numberFromText(tagValue(event, 'start')), numberFromText(tagValue(event, 'end'))];
  if (shape === null || shape.secondP === null || start === null || end === null) return null;
  const of = (role: string) =>
    event.tags.filter((tag) => tag[0] === 'p' && tag[2] === role).map((tag) => tag[1] ?? '');
  const { epochKey, secondP } = shape;
  return { epochKey, subject: secondP, providers: of('provider'), guardians: of('guardian'), start, end };
}

/** The other party and the expiration of a signalling event, checked for shape. */
export function parseSignalling(event: Event): { readonly party: Hex; readonly expiration: number } | null {
  const [p, expires, ...more] = event.tags;
  const named = p?.[0] === 'p' && p.length === 2 && expires?.[0] === 'expiration' && expires.length === 2;
  const [party, expiration] = [keyFromHex(p?.[1]), numberFromText(expires?.[1])];
  if (!named || more.length > 0 || !isSignalling(event.kind)) return null;
  return party !== null && expiration !== null ? { party, expiration } : null;
}

/** The message, for its author or the other party: `other` is the other one's key. */
export function openSignalling(secret: SecretKey, other: Hex, event: Event): JsonObject | null {
  const key = ConversationKey.derive(secret, other);
  const text = key.ok ? key.value.decryptText(event.content) : null;
  return text === null ? null : parseStrict(text, DEPTH_MAX);
}
