/** What the reader rule says, as plain data. */
import type { Record } from '../fold/types.ts';
import type { ChainKey } from '../receipts/types.ts';
import type { Compartment, Hex } from '../types.ts';

/** Why a record stands in quarantine: the first that applies, in this order. */
export const reasons = [
  'id',
  'sig',
  'no-receipt',
  'import-signer',
  'not-member',
  'role',
  'act',
  'compartment',
  'epoch',
  'commitment',
  'body',
  'binding',
  'subject',
  'retry-differs',
] as const;
export type Reason = (typeof reasons)[number];

/** What a view says beside a shown record. */
export interface Marks {
  /** The patient's copy is missing, does not open or differs. */
  readonly copiesDiffer: boolean;
  /** The body claims a signature, and the event has no `["act","sign"]`. */
  readonly unsigned: boolean;
  /** "Outside, by X" until staff accept it (2125). */
  readonly outside: boolean;
  /** "From the former system". */
  readonly former: boolean;
}

/** What an envelope says of a record whose key this reader does not hold. */
export interface Sealed {
  readonly kind: number;
  readonly signer: Hex;
  readonly compartment: Compartment;
  readonly received: number;
}

/** What the rule says of one event. */
export type Outcome =
  | {
      readonly is: 'shown';
      readonly record: Record;
      readonly marks: Marks;
      /** The chain that its receipt stands in. */
      readonly chain: ChainKey;
    }
  /** A retry of the shown record with this id. */
  | { readonly is: 'alias'; readonly of: Hex }
  /** No receipt yet; quarantine from this time on (unix seconds). */
  | { readonly is: 'pending'; readonly until: number }
  | { readonly is: 'sealed'; readonly sealed: Sealed }
  | { readonly is: 'quarantine'; readonly reason: Reason };

/**
 * How much of policy a reader sees. `staff`: both chains. `own`: the chain of all members and what names the
 * reader's own key or child (patients, own keys, guardians, agents). `public`: the chain of all members alone (the
 * recipient of a disclosure).
 */
export type Sight = 'staff' | 'own' | 'public';
