/**
 * What a face sees of a person's session: the seam between the worker that holds the keys and the pages.
 * Everything here is plain data (structured clone); keys never cross it outwards.
 *
 * Invariants
 *  - A secret enters the worker once and never leaves it; ending the worker is the lock.
 *  - A record reaches a page only through the reader rule; what did not pass stands in `apart` without content.
 *  - Whatever changes (new event, policy, connection, lock) is told as a whole new snapshot of what it touches:
 *    a page never merges.
 */
import type { Chart } from '../protocol/fold.ts';
import type { Marks, Reason } from '../protocol/reader.ts';
import type { Compartment, Hex } from '../protocol/types.ts';

/** A practice that this person has entered, by connection string or QR (`nostr+ehr://…`). */
export interface PracticeAddress {
  /** `wss://` URL of the relay. */
  readonly relay: string;
  /** P; pinned: an answer signed for another practice is refused. */
  readonly practice: Hex;
  /** Hash of the next practice key. */
  readonly next: Hex | null;
  readonly name: string | null;
}

/** Where the connection to the practice's box stands. Times in unix seconds by this device's clock. */
export type Connection =
  | { readonly is: 'connecting'; readonly since: number }
  | { readonly is: 'open'; readonly since: number }
  | { readonly is: 'offline'; readonly since: number; readonly why: 'network' | 'box' }
  /** The box answers and refuses this key, or is not the box that was pinned, or the clock is off. */
  | { readonly is: 'refused'; readonly why: RefusedWhy; readonly said: string };
export type RefusedWhy =
  | 'unknown-key'
  | 'ended'
  | 'other-practice'
  | 'clock'
  /** The login was not accepted, and nothing here says why. */
  | 'login'
  | 'rate'
  | 'internal';

/** How this person stands to the practice. */
export type Standing = 'patient' | 'own' | 'guardian' | 'nobody';

/** Someone who signs. `name` and `role` as the practice's roster said at the receipt. */
export interface Signer {
  readonly key: Hex;
  readonly name: string | null;
  readonly role:
    | 'doctor'
    | 'nurse'
    | 'ma'
    | 'frontdesk'
    | 'guardian'
    | 'patient'
    | 'own'
    | 'agent'
    | 'unknown';
  /** False: the signer has left since. The signature stays genuine. */
  readonly member: boolean;
  /** True: this person. */
  readonly me: boolean;
}

/** A patient whose record this person may open, now or once. */
export interface Subject {
  /** Number within the session: the address `/r/:n`. Never reused while the session lasts. */
  readonly n: number;
  /** T in force. */
  readonly key: Hex;
  readonly standing: Standing;
  /** From the newest 2110 that passed; null while it is loading or cannot be read. */
  readonly given: string | null;
  readonly family: string | null;
  /** Civil date `YYYY-MM-DD`. */
  readonly born: string | null;
  readonly sex: 'female' | 'male' | 'other' | 'unknown';
  /** Same birth date and family name as a sibling here: A, B … by order of T. */
  readonly twin: string | null;
  /** Compartments of the link, or all that the own key opens. */
  readonly compartments: readonly Compartment[];
  readonly access:
    | { readonly is: 'open' }
    /** Registered; a chart holder has not confirmed yet: only `desk` opens. */
    | { readonly is: 'waits' }
    /** The link ended, or T was replaced. What this device kept of the record was removed. */
    | { readonly is: 'ended'; readonly at: number };
}

/** How one record was checked. */
export interface Checked {
  readonly id: Hex;
  /** Place in the session's list of records: `/r/:n/visits/:m` and `…/genuine`. */
  readonly m: number;
  readonly signer: Signer;
  /** Unix seconds of the box's receipt; null while it is pending. */
  readonly received: number | null;
  readonly marks: Marks;
  readonly compartment: Compartment;
}

/** A record kept apart: its reason, never its content. */
export interface Apart {
  readonly id: Hex;
  readonly kind: number;
  readonly reason: Reason;
  readonly signer: Signer;
  readonly received: number | null;
}

/** k of n over the chains of this subject that this person reads; n null: cannot be known. */
export interface Completeness {
  readonly k: number;
  readonly n: number | null;
  readonly destroyed: number;
  /** All of the desk's chains is here and shown: no visit and no office mail is missing, whatever else may be. */
  readonly officeWhole: boolean;
  /**
   * What the receipts name and is neither here nor destroyed, by where it stands: `office` in the desk's chains, which
   * hold no health record; `health` in the others, the first of which came at `since` (unix seconds). Null with `n`.
   */
  readonly missing: {
    readonly office: number;
    readonly health: number;
    readonly since: number | null;
  } | null;
}

/** One patient's record as far as this person may read it. */
export interface ChartView {
  readonly subject: Subject;
  readonly chart: Chart;
  /** For every version of every item in `chart`, by event id. */
  readonly checked: ReadonlyMap<Hex, Checked>;
  readonly apart: readonly Apart[];
  /** Waiting for their receipt. */
  readonly pending: number;
  /** Records whose key this person does not hold. Not told to guardians about `confidential`. */
  readonly sealed: number;
  readonly completeness: Completeness;
  /** `loading` while stored events still come; its counts are events. */
  readonly loading: { readonly done: number; readonly total: number | null } | null;
  /** When what stands here was last known to be all: now, or the time of the copy. Unix seconds. */
  readonly asOf: number;
}

/** Who may read a record: members by compartment, guardians by live link, agents. */
export interface MayRead {
  readonly who: Signer;
  readonly compartments: readonly Compartment[];
  readonly since: number | null;
  readonly until: number | null;
}

export interface Snapshot {
  readonly me: {
    readonly key: Hex;
    readonly npub: string;
    /** False: the key stays with a signer, in this browser (NIP-07) or far away (NIP-46). */
    readonly here: boolean;
  };
  readonly practice: PracticeAddress;
  /** Every practice that this person has entered; `enter` adds, `leave` takes away. */
  readonly practices: readonly PracticeAddress[];
  /** The practice's name as its profile says, else the name of the address. */
  readonly practiceName: string;
  readonly connection: Connection;
  readonly subjects: readonly Subject[];
  /** False: the policy chain has a hole or a fork; nothing after it counts, and nothing is written. */
  readonly policyWhole: boolean;
  /** Unix seconds: the newest moment this device heard the box. */
  readonly heard: number | null;
  /** False: the browser refused storage, or it is full: nothing new is kept for offline reading. */
  readonly keeps: boolean;
  /** False: no passkey opens this key on this device, so nothing is kept here, and `keeps` is false too. */
  readonly passkey: boolean;
  /** True: another tab of this browser has this key open. This one reads, and keeps and writes nothing. */
  readonly elsewhere: boolean;
  /** True: the browser has removed what this device kept, while the session was open. */
  readonly removed: boolean;
}

/** What the worker answers. Every method may reject with a `SessionError`. */
export interface Session {
  /** Calls back at once and at each change, until the returned function is called. */
  watch(see: (now: Snapshot) => void): () => void;
  /** The same for one patient's record. */
  watchChart(key: Hex, see: (now: ChartView) => void): () => void;
  mayRead(key: Hex): Promise<readonly MayRead[]>;
  /** Switches practice or relay without giving the key again. */
  enter(address: PracticeAddress): Promise<void>;
  /** Forgets a practice and what this device kept of it; not the one that is open. */
  leave(practice: Hex): Promise<void>;
  /** Drops keys and opened records: the worker ends. */
  lock(): void;
}

export type SessionErrorCode =
  | 'locked'
  | 'wrong-key'
  | 'storage'
  | 'offline'
  | 'invalid'
  | 'cancelled'
  | 'internal';

export class SessionError extends Error {
  readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
