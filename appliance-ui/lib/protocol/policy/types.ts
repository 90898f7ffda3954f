/** What policy answers, as plain data (docs/ref/protocol.md 3, twin of `firmware/protocol/src/policy`). */
import type { Word } from '../permissions.ts';
import type { Compartment, Hex } from '../types.ts';

/**
 * Place in the order of policy: ordinal of the policy receipt for a reader. A fact set at position `p` holds for
 * events at positions ≥ `p`.
 */
export type Position = number;

export type Role = 'doctor' | 'nurse' | 'ma' | 'frontdesk';

/**
 * One epoch: n ≥ 1, or 0 for the former practice's key, which has the chart compartment only: there every key
 * field is P0 and `epochKey` tells the compartments apart.
 */
export interface Epoch {
  readonly n: number;
  readonly event: Hex;
  readonly desk: Hex;
  readonly chart: Hex;
  readonly confidential: Hex;
  readonly escrow: Hex;
  /** Box key that signs receipts. */
  readonly receipts: Hex;
  /** Box key that signs audit anchors. */
  readonly audit: Hex;
  /** Seconds for which the epoch before stays current. */
  readonly grace: number;
  /** Keys whose imported events count (n = 0); empty for n ≥ 1. */
  readonly signers: readonly Hex[];
  readonly at: Position;
  /** Unix seconds. */
  readonly received: number;
}

/** A live member. */
export interface Member {
  readonly key: Hex;
  readonly role: Role;
  /** Words that count: those in the 2102 that the role may hold. */
  readonly words: readonly Word[];
  readonly name: string | null;
  readonly entry: Hex;
}

/** A live link from a guardian to a child. `child` is the newest T of the line. */
export interface GuardianLink {
  readonly child: Hex;
  readonly guardian: Hex;
  readonly compartments: readonly Compartment[];
  readonly until: number | null;
  readonly entry: Hex;
}

/** A live service agent. */
export interface Agent {
  readonly key: Hex;
  readonly service: string;
  readonly kinds: readonly number[];
  readonly compartments: readonly Compartment[];
  readonly patients: 'none' | 'clients' | 'all';
  readonly until: number | null;
  readonly entry: Hex;
}

/** A registered patient. */
export interface Patient {
  /** T in force. */
  readonly subject: Hex;
  /** Earlier T's of the line of rekeys, oldest first. They authenticate nowhere. */
  readonly former: readonly Hex[];
  /** C, when it is registered (equal to `subject` for an adult who alone holds t). */
  readonly own: Hex | null;
  readonly entry: Hex;
}

/** The 2110 that brought a T or a C. */
export interface Brought {
  readonly entry: Hex;
  /** Its signer held `chart` at that moment. */
  readonly byChart: boolean;
}

/** What a key is in a view. A suspended key is still what it is; ask `View.suspended`. */
export type Person =
  | { readonly is: 'practice' }
  | { readonly is: 'member'; readonly member: Member }
  | { readonly is: 'agent'; readonly agent: Agent }
  | { readonly is: 'patient'; readonly patient: Patient }
  /** An own key that is not T. */
  | { readonly is: 'own'; readonly patient: Patient }
  | { readonly is: 'guardian'; readonly links: readonly GuardianLink[] }
  /** Was something once and is nothing now (ended member, rekeyed T, guardian without a live link). */
  | { readonly is: 'former' }
  | { readonly is: 'unknown' };

/** A live 2109: what one client may read of one patient, or of all. */
export interface ClientGrant {
  readonly client: string;
  /** The newest T of the line; null for `["patients","all"]`. */
  readonly subject: Hex | null;
  readonly scopes: readonly string[];
  readonly key: { readonly is: 'jwk' | 'key'; readonly value: string };
  readonly until: number;
  readonly export: boolean;
  readonly entry: Hex;
}

/** A live 2106 share. */
export interface LiveShare {
  readonly entry: Hex;
  readonly author: Hex;
  readonly recipient: Hex;
  readonly ids: readonly Hex[];
  readonly until: number;
}

/** A live 2106 invitation. */
export interface Invitation {
  readonly entry: Hex;
  readonly author: Hex;
  readonly until: number;
}

/** Policy at one position and one time. */
export interface View {
  readonly at: Position;
  /** Unix seconds at which the view is taken, never below the time floor. */
  readonly time: number;
  /** P in force (a 2107 changes it). */
  practice(): Hex;
  /** Every practice key up to here, oldest first. */
  practices(): Hex[];
  /** Hash of the next practice key, as the first 2105 or the newest 2107 names it. */
  nextPractice(): Hex | null;
  /** Newest epoch with n ≥ 1. */
  epoch(): Epoch | null;
  /** The former practice's epoch, when imported. */
  legacyEpoch(): Epoch | null;
  /** All counted epochs up to here, oldest first (0 included when imported). */
  epochs(): Epoch[];
  /** Compartment of an E of any counted epoch. */
  compartmentOf(key: Hex): Compartment | null;
  /** The compartment if `key` is current: of the newest epoch, or of the one before within grace. */
  current(key: Hex): Compartment | null;
  /** E's of all counted epochs of a compartment. */
  epochKeys(compartment: Compartment): Hex[];
  person(key: Hex): Person;
  member(key: Hex): Member | null;
  /** Live links of a guardian. */
  linksOf(guardian: Hex): GuardianLink[];
  /** Live links to a patient (any T of the line). */
  guardiansOf(subject: Hex): GuardianLink[];
  /** Everyone who had a link to this patient up to here, live or not. */
  guardiansEver(subject: Hex): Hex[];
  /** The registered patient to whom this T (in force or former) belongs. */
  patient(subject: Hex): Patient | null;
  /** The registered patient whose C in force this is (C = T included). */
  patientOfOwn(own: Hex): Patient | null;
  /**
   * The 2110 by which this key became the T or the C in force of its patient. A later one that names the same key
   * brings nothing.
   */
  brought(key: Hex): Brought | null;
  patients(): Patient[];
  members(): Member[];
  agents(): Agent[];
  /** Whether a live 2108 names the key without scope. For T and C only writing ends. */
  suspended(key: Hex): boolean;
  clientSuspended(client: string): boolean;
  /** Patients (every T of the line) from whose records a live scoped 2108 bars the member. */
  barred(member: Hex): Hex[];
  /** Live 2109s of clients that are not suspended. */
  clientGrants(): ClientGrant[];
  /** Whether a receipt by this key counts here: the box key of the newest 2105. */
  certifiedBox(key: Hex): boolean;
  /** Ids named by a counted 2127. */
  destroyed(id: Hex): boolean;
  sharesFor(recipient: Hex): LiveShare[];
  invitation(tokenHash: Hex): Invitation | null;
  /** Whether the key ever was a subject, own or guardian key. */
  everFamily(key: Hex): boolean;
  /** Whether the key ever was a T or a C. */
  everSubject(key: Hex): boolean;
  everPractice(key: Hex): boolean;
  /** Counted 2108s of the chain that all members read, lifts included. */
  publicSuspensions(): Hex[];
}
