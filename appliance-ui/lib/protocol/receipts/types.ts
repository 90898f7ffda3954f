/** What receipts say, as plain data (docs/ref/protocol.md 2.5, twin of `firmware/protocol/src/receipts`). */
import type { Compartment, Hex } from '../types.ts';

/**
 * Which chain a receipt belongs to. Clinical: (compartment, subject), the subject being the second `p`; without
 * one the author if not staff; else null. `policy` is read by all members, `policy-staff` by staff.
 */
export type ChainKey =
  | { readonly is: 'clinical'; readonly compartment: Compartment; readonly subject: Hex | null }
  | { readonly is: 'policy' }
  | { readonly is: 'policy-staff' };

/** One row: an event that the box received. */
export interface Row {
  readonly id: Hex;
  /** Unix seconds. */
  readonly received: number;
  readonly import: boolean;
}

/** Last receipt of each policy chain before the arrival of the rows. */
export interface PolicyMark {
  readonly public: Hex | null;
  readonly staff: Hex | null;
}

/** A parsed receipt. */
export interface Receipt {
  readonly id: Hex;
  readonly signer: Hex;
  /** First `p` of a clinical receipt: the epoch key. */
  readonly epochKey: Hex | null;
  /** Second `p` of a clinical receipt, or null. */
  readonly subject: Hex | null;
  /** `c` of a policy receipt. */
  readonly policyChain: 'policy' | 'policy-staff' | null;
  /** Rows so far, this receipt's included. */
  readonly n: number;
  readonly prev: Hex | null;
  readonly mark: PolicyMark;
  readonly rows: readonly Row[];
}

/**
 * Which policy chains a reader may read. A family reads that of all members, and takes the relay's word for the
 * links, suspensions and client grants that name it.
 */
export type Readership = 'staff' | 'members';

/**
 * Whole: every receipt from the first to the newest one present. Gap: one in between is missing; the rows of those
 * present count. Fork: two receipts continue the same one; the rows of both count in a clinical chain, in a policy
 * chain nothing after it counts.
 */
export type Completeness = 'whole' | 'gap' | 'fork';

/** A chain as far as it is present. */
export interface ChainState {
  readonly chain: ChainKey;
  readonly completeness: Completeness;
  /** Events named so far, as the newest receipt says. */
  readonly n: number;
  /** Newest receipt that counts; null when a fork leaves two. */
  readonly head: Hex | null;
  /** Ids that count, in chain order. */
  readonly ids: readonly Hex[];
}

/** The row by which an event counts. */
export interface Receipted {
  readonly chain: ChainKey;
  readonly receipt: Hex;
  /** Place in the chain, from 1. */
  readonly n: number;
  /** Unix seconds. */
  readonly received: number;
  readonly import: boolean;
  /**
   * Policy position at the event's arrival. Null when its mark names a policy receipt that does not count: reason
   * `no-receipt`.
   */
  readonly position: number | null;
  /**
   * The first position at which a family, who cannot tell what came first within one second, may place the event;
   * otherwise equal to `position`.
   */
  readonly earliest: number | null;
}

/** How much of a chain a selection holds. */
export interface Share {
  /** Events of the chain that are held. */
  readonly k: number;
  /** Events of the chain that a 2127 destroyed and that are not held: not withheld. */
  readonly destroyed: number;
  /** Events of the chain. Null: completeness unknown (gap or fork). */
  readonly n: number | null;
  /**
   * When the first event was received that is neither held nor destroyed, in unix seconds; up to then the selection is
   * whole. Null: no such event is named.
   */
  readonly since: number | null;
}
