/**
 * Whose box answers (NIP-11): `self` is the box key, `relaybox.practice` the practice key P. The document is
 * not signed; TLS and, later, P's own signatures over the policy stand behind it. It is asked so that a person
 * who dialled the wrong box hears so at once, and so that nothing is ever sent to another practice's relay.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Hex } from '../protocol/types.ts';
import type { PracticeAddress } from '../session/api.ts';

/** What the information document says. */
export interface BoxDocument {
  readonly practice: Hex | null;
  /** Practice keys before it, oldest first. */
  readonly former: readonly Hex[];
  /** What the box calls its practice. */
  readonly name: string | null;
  /** The box key that signs receipts. */
  readonly self: Hex | null;
  /** The most events that one question gets. */
  readonly limitMax: number | null;
  /** Unix seconds by the box's clock, when the browser lets it be seen. */
  readonly date: number | null;
}

export type FetchDocument = (relay: string) => Promise<BoxDocument | null>;

const HEX_32 = /^[0-9a-f]{64}$/;
const FETCH_MS = 5_000;
const TEXT_MAX = 65_536;

/** Asks for the document; null when there is none to be had. */
export const fetchDocument: FetchDocument = async (relay) => {
  try {
    const answer = await fetch(relay.replace(/^ws/, 'http'), {
      headers: { Accept: 'application/nostr+json' },
      credentials: 'omit',
      redirect: 'error',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(FETCH_MS),
    });
    if (!answer.ok) return null;
    const text = await answer.text();
    return text.length > TEXT_MAX ? null : readDocument(JSON.parse(text), answer.headers.get('date'));
  } catch {
    return null;
  }
};

/** The parts that matter; what has not its shape counts as absent. */
export function readDocument(json: unknown, date: string | null): BoxDocument | null {
  if (!isRecord(json)) return null;
  const relaybox = isRecord(json.relaybox) ? json.relaybox : {};
  const limits = isRecord(json.limitation) ? json.limitation : {};
  const seconds = date === null ? Number.NaN : Date.parse(date) / 1_000;
  return {
    practice: key(relaybox.practice),
    former: Array.isArray(relaybox.former)
      ? relaybox.former.map(key).filter((former) => former !== null)
      : [],
    name: typeof json.name === 'string' && json.name !== '' ? json.name.slice(0, 200) : null,
    self: key(json.self),
    limitMax:
      Number.isSafeInteger(limits.max_limit) && Number(limits.max_limit) > 0
        ? Number(limits.max_limit)
        : null,
    date: Number.isFinite(seconds) ? seconds : null,
  };
}

/**
 * Whether P is the practice of the address, or the one that the address says comes next, or one that followed later.
 * That it followed is proved by the successions in the policy (2107), which every reader checks.
 */
export function isPractice(address: PracticeAddress, practice: Hex, former: readonly Hex[] = []): boolean {
  if (practice === address.practice || former.includes(address.practice)) return true;
  return address.next !== null && bytesToHex(sha256(hexToBytes(practice))) === address.next;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function key(value: unknown): Hex | null {
  return typeof value === 'string' && HEX_32.test(value) ? value : null;
}
