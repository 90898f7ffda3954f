/**
 * The reader rule (docs/ref/protocol.md 2.1 and 2.8, twin of `firmware/protocol/src/reader`): a record is shown,
 * pending, sealed, or in quarantine with a named reason. Never dropped.
 *
 * A `Reader` trusts the practice key P alone. It folds the policy that the receipts order, and judges each record by
 * the policy at the place that the record's receipt names. It has no clock: callers pass the time, or null for an
 * export or an offline check, where nothing is pending.
 *
 * Signatures are checked and bodies opened once for each event; what is judged anew when policy changes costs
 * neither. Events given to a reader are not changed afterwards.
 */
import type { Coverage } from './fold/types.ts';
import { proofHolds } from './keys.ts';
import { isPolicy, kinds } from './kinds.ts';
import { earlier } from './order.ts';
import type { ProofCheck } from './policy.ts';
import type { Held } from './reader/held.ts';
import { judge, judgeImported, type Placed } from './reader/judge.ts';
import { Openings } from './reader/opening.ts';
import { joinRetries } from './reader/retries.ts';
import { type Tie, tiesOf } from './reader/ties.ts';
import type { Outcome, Sight } from './reader/types.ts';
import { type EventCheck, type SignatureCheck, Verifier } from './reader/verifier.ts';
import type { ChainKey, Share } from './receipts/types.ts';
import { chainName, ReceiptBook } from './receipts.ts';
import type { Event, Hex } from './types.ts';

export {
  type Disclosed,
  type DisclosedRecord,
  openPacket,
  type Packet,
  parsePacket,
} from './reader/disclosure.ts';
export { Held } from './reader/held.ts';
export * from './reader/types.ts';
export type { EventCheck, SignatureCheck } from './reader/verifier.ts';

/** Seconds for which a record without receipt is pending, from when this reader first saw it. */
export const PENDING_SECONDS = 600;

export interface ReaderOptions {
  /** P from the practice's own QR or site. */
  readonly practice: Hex;
  readonly held: Held;
  readonly sight: Sight;
  /**
   * Whether the signature of an event holds whose id is the hash of the event: for a caller who keeps what was
   * checked before, by id and signature.
   */
  readonly signed?: SignatureCheck;
  /** Whether id and signature of this very object were checked before: then neither is looked at again. */
  readonly checked?: EventCheck;
}

/** A reader: what it trusts, holds and has seen. */
export class Reader {
  readonly practice: Hex;
  readonly sight: Sight;
  readonly #verifier: Verifier;
  readonly #proves: ProofCheck;
  readonly #openings: Openings;
  readonly #receipts = new Map<Hex, Event>();
  readonly #events = new Map<Hex, Event>();
  readonly #firstSeen = new Map<Hex, number>();
  /** By event id, as long as policy and the event's own row stay what they are. */
  readonly #outcomes = new Map<Hex, { readonly row: Placed; readonly outcome: Outcome }>();
  #book: ReceiptBook | null = null;
  #ties: readonly Tie[] = [];

  constructor({ practice, held, sight, signed, checked }: ReaderOptions, events: readonly Event[] = []) {
    this.practice = practice;
    this.sight = sight;
    this.#verifier = new Verifier(signed, checked);
    this.#proves = remembered(proofHolds);
    this.#openings = new Openings(held);
    this.add(events);
  }

  /**
   * Takes more policy events (2102–2110, 2127) and receipts (2122) in any order; others are passed over, as are
   * events whose id or signature does not hold. The order of policy is read anew at the next question.
   */
  add(events: readonly Event[]): void {
    for (const event of events) {
      const list = event.kind === kinds.receipt ? this.#receipts : isPolicy(event.kind) ? this.#events : null;
      if (list === null || list.has(event.id) || this.#verifier.reasonOf(event) !== null) continue;
      list.set(event.id, event);
      this.#book = null;
      if (this.#movesPolicy(event)) this.#outcomes.clear();
    }
  }

  /** The receipt of records alone leaves policy as it was: only its own rows are judged anew. */
  #movesPolicy({ kind, tags }: Event): boolean {
    if (kind !== kinds.receipt) return true;
    return tags.some(([name, id = '']) => name === 'c' || (name === 'e' && this.#events.has(id)));
  }

  /** Takes the place of the keys held before. */
  hold(held: Held): void {
    this.#openings.hold(held);
    this.#outcomes.clear();
  }

  /** Takes the body of a record that a signer elsewhere has opened: for a reader that does not hold its own key. */
  give(id: Hex, body: Uint8Array): void {
    this.#openings.give(id, body);
    this.#outcomes.delete(id);
  }

  /** Keeps the times at which another reader first saw events without receipt. */
  remember(other: Reader): void {
    for (const [id, at] of other.#firstSeen) {
      this.#firstSeen.set(id, Math.min(at, this.#firstSeen.get(id) ?? at));
    }
  }

  /**
   * The receipts and the policy that they order. When its policy chain is not whole, clients stop writing and say
   * so.
   */
  get book(): ReceiptBook {
    if (this.#book === null) {
      const events = [...this.#events.values()];
      this.#book = new ReceiptBook({
        practice: this.practice,
        readership: this.sight === 'staff' ? 'staff' : 'members',
        receipts: [...this.#receipts.values()],
        events,
        proves: this.#proves,
      });
      this.#ties = this.sight === 'public' ? events.flatMap(tiesOf) : [];
    }
    return this.#book;
  }

  /**
   * Judges events. `now` in unix seconds by this reader's own clock; null: nothing is pending. Retries are found
   * among the events of one call, so a chart is read in one call.
   */
  read(events: readonly Event[], now: number | null): Map<Hex, Outcome> {
    const outcomes = new Map<Hex, Outcome>();
    for (const event of events) {
      const broken = this.#verifier.reasonOf(event);
      if (broken === null) outcomes.set(event.id, this.#judge(event, now));
      // An event whose id does not hold must not stand for the true event of that id.
      else if (!outcomes.has(event.id)) outcomes.set(event.id, { is: 'quarantine', reason: broken });
    }
    return joinRetries(outcomes);
  }

  /**
   * k of n over chains, each counted once: those of a rekeyed line are summed. n is null when it cannot be known of
   * one of them.
   */
  share(chains: readonly ChainKey[], held: ReadonlySet<Hex>): Share {
    const once = new Map(chains.map((chain) => [chainName(chain), chain]));
    const shares = [...once.values()].flatMap((chain) => this.book.share(chain, held) ?? []);
    return {
      k: shares.reduce((sum, { k }) => sum + k, 0),
      destroyed: shares.reduce((sum, { destroyed }) => sum + destroyed, 0),
      n: shares.reduce((sum: number | null, { n }) => (sum === null || n === null ? null : sum + n), 0),
      since: shares.flatMap(({ since }) => since ?? []).reduce(earlier, null),
    };
  }

  /**
   * How much of these chains one read shows. A row of a receipt names no kind, so what is missing of a chain may be
   * whatever its compartment holds; nothing of the chart is in `desk`.
   */
  coverage(chains: readonly ChainKey[], outcomes: ReadonlyMap<Hex, Outcome>): Coverage {
    const read = [...outcomes];
    if (read.some(([, { is }]) => is === 'pending')) return 'partial';
    const shown = new Set(read.flatMap(([id, { is }]) => (is === 'shown' || is === 'alias' ? [id] : [])));
    const whole = (of: readonly ChainKey[]): boolean => isComplete(this.share(of, shown));
    if (!whole(chains.filter((chain) => chain.is !== 'clinical' || chain.compartment !== 'desk'))) {
      return 'partial';
    }
    return whole(chains) ? 'complete' : 'clinical';
  }

  /** Judges an event whose id and signature hold. */
  #judge(event: Event, now: number | null): Outcome {
    const found = this.book.receipted(event);
    if (found === null || found.position === null) return this.#withoutReceipt(event.id, now);
    const row = { ...found, position: found.position };
    const known = this.#outcomes.get(event.id);
    if (known !== undefined && sameRow(known.row, row)) return known.outcome;
    const outcome = this.#placed(event, row);
    this.#outcomes.set(event.id, { row, outcome });
    return outcome;
  }

  /** A record counts if it counts at one of the places at which it can stand. */
  #placed(event: Event, row: Placed): Outcome {
    const last = this.#at(event, row);
    if (last.is !== 'quarantine' || row.earliest === null || row.earliest >= row.position) return last;
    for (let position = row.position - 1; position >= row.earliest; position -= 1) {
      const sooner = this.#at(event, { ...row, position });
      if (sooner.is !== 'quarantine') return sooner;
    }
    return last;
  }

  #at(event: Event, row: Placed): Outcome {
    const { policy } = this.book;
    return row.import
      ? judgeImported(policy, event, row, this.#openings.ofImport(event))
      : judge({ policy, sight: this.sight, ties: this.#ties }, event, row, this.#openings.of(event));
  }

  #withoutReceipt(id: Hex, now: number | null): Outcome {
    if (now === null) return { is: 'quarantine', reason: 'no-receipt' };
    const seen = this.#firstSeen.get(id) ?? now;
    this.#firstSeen.set(id, seen);
    const until = seen + PENDING_SECONDS;
    return now < until ? { is: 'pending', until } : { is: 'quarantine', reason: 'no-receipt' };
  }
}

/** Nothing but destroyed events is missing. */
function isComplete({ k, destroyed, n }: Share): boolean {
  return k + destroyed === n;
}

function sameRow(one: Placed, other: Placed): boolean {
  return (
    one.receipt === other.receipt &&
    one.n === other.n &&
    one.position === other.position &&
    one.earliest === other.earliest &&
    chainName(one.chain) === chainName(other.chain)
  );
}

/** A proof of possession costs a signature check, and policy is read anew with each of its events. */
function remembered(proves: ProofCheck): ProofCheck {
  const known = new Map<string, boolean>();
  return (key, practice, role, sig) => {
    const name = `${key} ${practice} ${role} ${sig}`;
    const holds = known.get(name) ?? proves(key, practice, role, sig);
    known.set(name, holds);
    return holds;
  };
}
