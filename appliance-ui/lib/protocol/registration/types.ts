/** What a registration is asked for, what it gives, and why it gives nothing, as plain data. */
import type { Desk } from '../grants/links.ts';
import type { Policy } from '../policy.ts';
import type { Refusal } from '../refusal.ts';
import type { SecretKey } from '../secret.ts';
import type { Compartment, Event, Hex, Resource } from '../types.ts';

/** A member with `register`, and the practice as their page knows it. */
export interface Registrar {
  readonly secret: SecretKey;
  /** The newest desk epoch. */
  readonly desk: Desk;
  readonly policy: Policy;
  /** Unix seconds: `created_at` of every event. */
  readonly now: number;
}

/** A key with its proof of possession, as its own device has made both (2.7, enrolment). */
export interface ProvedKey {
  readonly key: Hex;
  /** Of `prove`. Not looked at when the key has this role here already. */
  readonly pop: string;
}

/** The key that names a patient: made on the patient's own device, or here, and then its secret is thrown away. */
export type SubjectKey = ProvedKey | 'thrown-away';

export interface NewChild {
  readonly key: SubjectKey;
  /** C. An adult who alone holds the key of `key` names the same key; it needs no proof of its own then. */
  readonly own: ProvedKey | null;
  /** FHIR Patient without binding. */
  readonly resource: Resource;
}

/** Somebody who gets a link. */
export interface NewGuardian {
  /** G. A guardian of other children here keeps key and proof of the earlier 2104. */
  readonly key: ProvedKey;
  readonly name: string;
  readonly relationship: string;
  /** `desk`, or `desk` and `chart`. */
  readonly compartments: readonly Compartment[];
  /** Unix seconds, such as the coming of age. */
  readonly until: number | null;
}

/** A patient as it stands, for its next 2110. */
export interface Standing {
  /** T in force. */
  readonly subject: Hex;
  /** FHIR Patient of the newest 2110, without binding. */
  readonly resource: Resource;
}

/** Signed events in the order in which they are published, and the T's they put in force. */
export interface Registration {
  readonly events: readonly Event[];
  readonly subjects: readonly Hex[];
}

/**
 * What a key is here that was to become something else. `practice`: P, V, a box key or an epoch key. `former`: it had a
 * use and has none now, and it never gets another one. `twice`: two persons of this call have it.
 */
export type Holder = 'practice' | 'staff' | 'agent' | 'guardian' | 'patient' | 'own' | 'former' | 'twice';

/** Why nothing was signed. */
export type RegistrationFault =
  | { readonly code: 'key-in-use'; readonly key: Hex; readonly holder: Holder }
  /** The proof of possession of a key is missing or does not hold. */
  | { readonly code: 'pop'; readonly key: Hex }
  /** The demographics are no FHIR Patient. */
  | { readonly code: 'resource' }
  /** This is no patient here, or the patient has a newer key. */
  | { readonly code: 'no-patient' }
  /** This is no live link. */
  | { readonly code: 'no-link' }
  /** Policy refuses it. */
  | { readonly code: 'refused'; readonly refusal: Refusal };

export class RegistrationError extends Error {
  readonly fault: RegistrationFault;

  constructor(fault: RegistrationFault) {
    super(`register: ${fault.code === 'refused' ? fault.refusal : fault.code}`);
    this.name = 'RegistrationError';
    this.fault = fault;
  }
}
