/** The reader rule (docs/ref/protocol.md 2.1 and 2.8, twin of `firmware/protocol/src/reader`). */
import type { Compartment, Hex } from './types.ts';

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
