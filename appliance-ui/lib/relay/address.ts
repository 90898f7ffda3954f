/**
 * The address of a practice as a person hands it over (docs/ref/protocol.md 2.7 "Enrolment"): the text of a QR
 * or of a link, `nostr+ehr://<host>?pk=<P>&next=<h>&name=…&t=<token>`, or its JSON form
 * `{relay, practice_pk, practice_next, practice_name}`.
 *
 * Invariants
 *  - An address never holds a secret of a person: a text in which one stands is no address.
 *  - The relay is reached over TLS. The only exception is a relay on this very machine, for trying.
 */
import type { PracticeAddress } from '../session/api.ts';

/** An address and, on an access sheet, the one-time token that lets a new key be registered. */
export interface AccessSheet {
  readonly address: PracticeAddress;
  /** 32 bytes as hex; null when the text is an address only. */
  readonly token: string | null;
}

/** Why a text is no address. */
export type AddressFault =
  /** Nothing of ours: a web link, a payment code, another app's code. */
  | 'other'
  /** It holds a key that must be kept secret. */
  | 'secret'
  /** The relay's name is missing, not a host, or not reached over TLS. */
  | 'relay'
  /** The practice key is missing or no key. */
  | 'practice'
  /** `next`, `t` or a name that is damaged: half of a code was read. */
  | 'damaged';

export type ParsedAddress =
  | { readonly ok: true; readonly sheet: AccessSheet }
  | { readonly ok: false; readonly fault: AddressFault };

const SCHEME = 'nostr+ehr://';
const TEXT_MAX = 4_096;
const NAME_MAX = 200;
const HEX_32 = /^[0-9a-f]{64}$/;
const SECRET = /nsec1|ncryptsec1/i;

const fault = (why: AddressFault): ParsedAddress => ({ ok: false, fault: why });

/** Reads either form. White space around it is passed over. */
export function parseAddress(input: string): ParsedAddress {
  const text = input.trim();
  if (text.length > TEXT_MAX) return fault('other');
  if (SECRET.test(text)) return fault('secret');
  if (text.slice(0, SCHEME.length).toLowerCase() === SCHEME) return parseUri(text.slice(SCHEME.length));
  if (text.startsWith('{')) return parseJson(text);
  return fault('other');
}

/**
 * The link or QR text of an address; the JSON form for a relay of this very machine, which has no TLS.
 * `parseAddress` gives back the same.
 */
export function printAddress(address: PracticeAddress, token: string | null = null): string {
  if (!address.relay.startsWith('wss://')) {
    const { relay, practice, next, name } = address;
    return JSON.stringify({ relay, practice_pk: practice, practice_next: next, practice_name: name, token });
  }
  const query = new URLSearchParams({ pk: address.practice });
  if (address.next !== null) query.set('next', address.next);
  if (address.name !== null) query.set('name', address.name);
  if (token !== null) query.set('t', token);
  // A plus is a space only to forms: spaces are written as %20 so that every reader agrees.
  return `${SCHEME}${address.relay.replace(/^wss:\/\//, '')}?${query.toString().replaceAll('+', '%20')}`;
}

/**
 * A relay URL in the one form in which it is kept, compared and named in a login: scheme and host in lower
 * case, no implied port, no slash when the path is empty. Null when it may not be dialled.
 */
export function relayUrl(text: string): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const scheme = url.protocol === 'wss:' || (url.protocol === 'ws:' && loopback);
  const bare = url.username === '' && url.password === '' && url.hash === '' && url.search === '';
  if (!scheme || !bare || url.hostname === '') return null;
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;
}

interface Parts {
  relay: string | null;
  practice: unknown;
  next: unknown;
  name: unknown;
  token: unknown;
}

function parseUri(rest: string): ParsedAddress {
  const at = rest.indexOf('?');
  const host = (at < 0 ? rest : rest.slice(0, at)).replace(/\/$/, '');
  if (host === '') return fault('relay');
  const pairs = new Map<string, string>();
  for (const pair of at < 0 ? [] : rest.slice(at + 1).split('&')) {
    const equal = pair.indexOf('=');
    if (equal < 0) continue;
    const name = pair.slice(0, equal);
    // Which of two practice keys would count? None.
    if (pairs.has(name)) return fault('damaged');
    try {
      pairs.set(name, decodeURIComponent(pair.slice(equal + 1)));
    } catch {
      return fault('damaged');
    }
  }
  const value = (name: string): string | null => pairs.get(name) ?? null;
  return build({
    relay: relayUrl(`wss://${host}`),
    practice: value('pk'),
    next: value('next'),
    name: value('name'),
    token: value('t'),
  });
}

function parseJson(text: string): ParsedAddress {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fault('damaged');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fault('other');
  const record = json as Readonly<Record<string, unknown>>;
  if (!('relay' in record) && !('practice_pk' in record)) return fault('other');
  return build({
    relay: typeof record.relay === 'string' ? relayUrl(record.relay) : null,
    practice: record.practice_pk,
    next: record.practice_next ?? null,
    name: record.practice_name ?? null,
    token: record.token ?? null,
  });
}

function build({ relay, practice, next, name, token }: Parts): ParsedAddress {
  if (relay === null) return fault('relay');
  if (!isHex32(practice)) return fault('practice');
  if (!(next === null || isHex32(next)) || !(token === null || isHex32(token))) return fault('damaged');
  if (!(name === null || (typeof name === 'string' && name.length <= NAME_MAX))) return fault('damaged');
  const shown = name === null ? null : plainName(name);
  return { ok: true, sheet: { address: { relay, practice, next, name: shown }, token } };
}

function isHex32(value: unknown): value is string {
  return typeof value === 'string' && HEX_32.test(value);
}

/** A name that anyone may have written: control and direction characters are taken out. */
function plainName(name: string): string | null {
  const clean = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim();
  return clean === '' ? null : clean;
}
