/** What the fold takes and gives. Plain data: it crosses a worker boundary as it is. */
import type { Compartment, Hex, Resource } from '../types.ts';

/** Policy position, `received` in unix seconds, row number in the chain. */
export interface ReceiptOrder {
  readonly position: number;
  readonly received: number;
  readonly n: number;
}

export type Author = 'staff' | 'family' | 'former';

export type Marker =
  | 'status-update'
  | 'correction'
  | 'deletion'
  | 'cancelled'
  | 'addendum'
  | 'result'
  | 'accept'
  | 'reply'
  | 'ref';

/** One record that the reader rule shows. */
export interface Record {
  readonly id: Hex;
  /** Ids of retries of the same act. */
  readonly aliases: readonly Hex[];
  /** The true kind; the fold maps the former numbering. */
  readonly kind: number;
  readonly signer: Hex;
  readonly author: Author;
  /** T that the record is about. */
  readonly subject: Hex;
  readonly compartment: Compartment;
  /** What a retry keeps (r) and may not change (same); imports have none. */
  readonly act: { readonly r: Hex; readonly same: Hex } | null;
  readonly resource: Resource;
  readonly links: readonly { readonly id: Hex; readonly marker: string }[];
  /** `["act","sign"]`. */
  readonly sign: boolean;
  readonly order: ReceiptOrder;
  /** A claim of the writer; orders nothing but versions of the former system. */
  readonly createdAt: number;
}

/** Why a version was written: the content of the extension `urn:relaybox:change:1`. */
export interface Change {
  readonly code: string | null;
  readonly text: string | null;
}

export interface Version {
  readonly record: Record;
  /** How it replaces its predecessors; null for a first version. */
  readonly marker: Marker | null;
  readonly replaces: readonly Hex[];
  /** Why, as its writer said. */
  readonly change: Change | null;
}

export interface Conflict {
  readonly heads: readonly Hex[];
  readonly of: readonly Hex[];
}

export type ItemState = 'current' | 'cancelled' | 'withdrawn';

/** One thing in the chart with all its versions. */
export interface Item {
  /** Id of the first version here. */
  readonly id: Hex;
  readonly kind: number;
  /** Predecessors before successors. */
  readonly versions: readonly Version[];
  /** Versions that no other replaces. One, unless there is a conflict. */
  readonly heads: readonly Hex[];
  readonly conflict: Conflict | null;
  readonly state: ItemState;
  /** Named predecessors that are not among the records given. */
  readonly missing: readonly Hex[];
  readonly attached: readonly { readonly marker: Marker; readonly id: Hex }[];
}

export type NoneKnown = 'any' | 'drug' | 'food' | 'environment';

/** "None known", "nothing recorded" and "not loaded" are three different facts. */
export type AllergyState =
  | { readonly is: 'not-loaded' }
  | { readonly is: 'not-recorded' }
  | { readonly is: 'none-known'; readonly of: readonly NoneKnown[] }
  | { readonly is: 'listed' };

export interface Allergies {
  readonly state: AllergyState;
  /** False: there may be allergies that are not here. */
  readonly complete: boolean;
  readonly items: readonly Item[];
  /** An active allergy and an assertion of none stand side by side; the allergy counts. */
  readonly clash: boolean;
}

export interface Encounter {
  readonly item: Item;
  readonly addenda: readonly Item[];
}

export type OrderState = 'pending' | 'partial' | 'resulted' | 'cancelled' | 'completed';

export interface Order {
  readonly item: Item;
  readonly state: OrderState;
  readonly reports: readonly Hex[];
}

export interface Thread {
  readonly id: Hex;
  readonly messages: readonly Item[];
}

/** A record from outside, "outside, by X" until somebody of the staff accepts it. */
export interface Outside {
  readonly item: Item;
  readonly acceptedBy: readonly Hex[];
}

/**
 * Why a link does not hold. `missing`: the event named is not among the records given. `other-record`: it is of
 * another kind or compartment. `not-own`: a family signer named what somebody else wrote.
 */
export type Why = 'missing' | 'other-record' | 'not-own';

/** A version or attachment whose link does not hold; a tombstone whose link does not hold stands here only. */
export interface Unresolved {
  readonly id: Hex;
  readonly kind: number;
  readonly names: Hex;
  readonly why: Why;
}

/**
 * How much of the patient's records the fold was given. `not-loaded`: not asked for, still loading, or failed.
 * `partial`: some are missing, sealed, pending or in quarantine, or completeness is unknown. `clinical`: all that
 * could be chart is here and shown; what is missing stands in `desk` chains, which hold messages, visits and
 * registrations. `complete`: all that the receipt chains name (destroyed ones apart) is here and shown.
 */
export type Coverage = 'not-loaded' | 'partial' | 'clinical' | 'complete';

/** Everything shown of one patient. Lists are in receipt order; withdrawn items stand in `withdrawn` only. */
export interface Chart {
  readonly coverage: Coverage;
  readonly demographics: Item | null;
  readonly allergies: Allergies;
  readonly problems: readonly Item[];
  readonly medications: readonly Item[];
  readonly prescriptions: readonly Item[];
  readonly observations: readonly Item[];
  readonly immunizations: readonly Item[];
  readonly encounters: readonly Encounter[];
  readonly threads: readonly Thread[];
  readonly orders: readonly Order[];
  readonly reports: readonly Item[];
  readonly documents: readonly Item[];
  readonly resources: readonly Item[];
  readonly outside: readonly Outside[];
  readonly visits: readonly Item[];
  readonly withdrawn: readonly Item[];
  readonly unresolved: readonly Unresolved[];
  /** Ids of records of another patient; nothing of them is in the lists. */
  readonly foreign: readonly Hex[];
  /** Ids that share signer and `r` with an earlier record and differ from it. */
  readonly retryDiffers: readonly Hex[];
}
