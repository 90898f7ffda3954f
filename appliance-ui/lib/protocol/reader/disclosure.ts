/**
 * The packet of a disclosure (docs/ref/protocol.md 2.8.2, 4.1): what a patient sends so that a recipient can check,
 * with nobody's help, what the practice signed, when, and how much of it this is.
 */
import { toUtf8 } from '../bytes.ts';
import { parseUnverified } from '../event.ts';
import { isObject, parseStrict } from '../json.ts';
import { isPolicy, kinds } from '../kinds.ts';
import { compareHex } from '../order.ts';
import type { ChainKey, Receipt } from '../receipts/types.ts';
import { chainName, parse, ReceiptBook } from '../receipts.ts';
import { orNull } from '../result.ts';
import type { Event, Hex } from '../types.ts';
import { type Bench, judge } from './judge.ts';
import { openingOf } from './opening.ts';
import { joinRetries } from './retries.ts';
import { tiesOf } from './ties.ts';
import type { Outcome } from './types.ts';
import { Verifier } from './verifier.ts';

/** A packet as JSON. */
export interface Packet {
  readonly records: readonly DisclosedRecord[];
  /**
   * The public policy chain (2102, 2103, 2105, 2107, 2108 and their receipts) up to the position that the records'
   * receipts name.
   */
  readonly policy: readonly Event[];
}

/** One record with what proves it. */
export interface DisclosedRecord {
  readonly event: Event;
  /** The exact text that `pc` commits to. */
  readonly body: string;
  /** The receipt that names the event. */
  readonly receipt: Event;
  /** The newest receipt of the same chain: how many there are. */
  readonly newest: Event;
  /** For a family author: the 2110 or 2104 that names it. */
  readonly ties?: readonly Event[];
}

/** How much of one chain the packet holds. */
export interface ChainShare {
  readonly chain: ChainKey;
  /** Records of the chain that are shown. */
  readonly k: number;
  /** Records of the chain at `asOf`. */
  readonly n: number;
  /** Unix seconds: the last row of the newest receipt. */
  readonly asOf: number;
}

/** What a packet proves. */
export interface Disclosed {
  readonly outcomes: ReadonlyMap<Hex, Outcome>;
  /** "k of n", a row for each chain. */
  readonly shares: readonly ChainShare[];
}

/**
 * Checks a packet. `practice` comes from the practice's own QR or site, never from the packet. Nothing is pending:
 * what has no receipt here is refused.
 */
export function openPacket(practice: Hex, packet: Packet): Disclosed {
  const verifier = new Verifier();
  const given = packet.records.flatMap(({ receipt, newest, ties = [] }) => [
    receipt,
    newest,
    ...ties.filter(({ kind }) => kind === kinds.patient || kind === kinds.guardianLink),
  ]);
  const proven = [...packet.policy, ...given].filter((event) => verifier.reasonOf(event) === null);
  const events = proven.filter(({ kind }) => isPolicy(kind));
  const receipts = proven.filter(({ kind }) => kind === kinds.receipt);
  const book = new ReceiptBook({ practice, readership: 'members', receipts, events });
  const bench: Bench = { policy: book.policy, sight: 'public', ties: events.flatMap(tiesOf) };
  const judged = packet.records.map(
    (record) => [record.event.id, judgeRecord(bench, book, verifier, record)] as const,
  );
  const outcomes = joinRetries(new Map(judged));
  return { outcomes, shares: sharesOf(book, packet, outcomes) };
}

function judgeRecord(
  bench: Bench,
  book: ReceiptBook,
  verifier: Verifier,
  { event, body }: DisclosedRecord,
): Outcome {
  const broken = verifier.reasonOf(event);
  if (broken !== null) return { is: 'quarantine', reason: broken };
  const row = book.receipted(event);
  if (row === null || row.import || row.position === null) return { is: 'quarantine', reason: 'no-receipt' };
  return judge(bench, event, { ...row, position: row.position }, openingOf(event, toUtf8(body)));
}

function sharesOf(
  book: ReceiptBook,
  packet: Packet,
  outcomes: ReadonlyMap<Hex, Outcome>,
): readonly ChainShare[] {
  const held = new Map<Hex, { readonly chain: ChainKey; readonly ids: Set<Hex> }>();
  for (const outcome of outcomes.values()) {
    if (outcome.is !== 'shown') continue;
    const { chain, record } = outcome;
    const known = held.get(chainName(chain)) ?? { chain, ids: new Set() };
    held.set(chainName(chain), known);
    for (const id of [record.id, ...record.aliases]) known.ids.add(id);
  }
  const receipts = packet.records
    .flatMap(({ receipt, newest }) => [receipt, newest])
    .flatMap((event) => parse(event) ?? []);
  const chains = [...held].sort(([one], [other]) => compareHex(one, other));
  return chains.flatMap(([, { chain, ids }]) => {
    const state = book.chain(chain);
    const isNewest = ({ id, n }: Receipt) => id === state?.head || n === state?.n;
    const times = receipts.filter(isNewest).flatMap(({ rows }) => rows.at(-1)?.received ?? []);
    return state === null || times.length === 0
      ? []
      : [{ chain, k: ids.size, n: state.n, asOf: Math.max(...times) }];
  });
}

/** Packet, records, record, event, tags, tag, with room. */
const DEPTH_MAX = 8;

/** Reads a packet's JSON: no unknown members, every event in the strict form, nothing verified. */
export function parsePacket(json: string): Packet | null {
  const members = parseStrict(json, DEPTH_MAX);
  if (members === null || !only(members, ['records', 'policy'])) return null;
  const records = listOf(members.records, recordOf);
  const policy = listOf(members.policy, eventOf);
  return records && policy && { records, policy };
}

function recordOf(value: unknown): DisclosedRecord | null {
  if (!isObject(value) || !only(value, ['event', 'body', 'receipt', 'newest', 'ties'])) return null;
  const { body } = value;
  const [event, receipt, newest] = [value.event, value.receipt, value.newest].map(eventOf);
  const ties = value.ties === undefined ? [] : listOf(value.ties, eventOf);
  if (typeof body !== 'string' || !event || !receipt || !newest || ties === null) return null;
  return { event, body, receipt, newest, ties };
}

function eventOf(value: unknown): Event | null {
  return isObject(value) ? orNull(parseUnverified(JSON.stringify(value))) : null;
}

function only(value: object, names: readonly string[]): boolean {
  return Object.keys(value).every((name) => names.includes(name));
}

function listOf<T extends object>(value: unknown, read: (element: unknown) => T | null): T[] | null {
  if (!Array.isArray(value)) return null;
  const found = value.flatMap((element) => read(element) ?? []);
  return found.length === value.length ? found : null;
}
