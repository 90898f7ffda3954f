/**
 * What the front desk signs without any ceremony (docs/ref/protocol.md 2.2–2.4, 2.7, twin of
 * `firmware/protocol/src/registration`): a family is registered in one step, a link ends, a patient gets another key,
 * an adolescent gets an own one. Every function throws a `RegistrationError` when nothing is signed.
 *
 * Invariants
 *  - All or nothing: the events of one call are tried on the policy in their order, and one refusal gives out none. They
 *    are published in this order.
 *  - No secret of a patient leaves this module: one that is made here proves its key and is thrown away.
 *  - Nothing here gives a key to anybody: key grants (2100) wait until somebody who holds `chart` has confirmed the link.
 */
import type { Random } from './random.ts';
import { SigningDesk } from './registration/signing.ts';
import type {
  NewChild,
  NewGuardian,
  ProvedKey,
  Registrar,
  Registration,
  Standing,
  SubjectKey,
} from './registration/types.ts';
import type { Event, Hex } from './types.ts';

export type { Desk } from './grants/links.ts';
export * from './registration/types.ts';

/** Registers children, and links every guardian to each of them: the 2110s, then the 2104s child by child. */
export function registerFamily(
  registrar: Registrar,
  children: readonly NewChild[],
  guardians: readonly NewGuardian[],
  random: Random,
): Registration {
  const desk = new SigningDesk(registrar, random);
  for (const child of children) desk.child(child);
  for (const subject of [...desk.subjects]) for (const guardian of guardians) desk.link(subject, guardian);
  return desk.tried();
}

/** Links a guardian to a patient who is registered. */
export function addGuardian(
  registrar: Registrar,
  subject: Hex,
  guardian: NewGuardian,
  random: Random,
): Registration {
  const desk = new SigningDesk(registrar, random);
  desk.standing(subject);
  desk.link(subject, guardian);
  return desk.tried();
}

/**
 * Ends the link of the 2104 in force: access ends at once. What the guardian has read stays known to them, and their
 * keys open what stands under this T; `removeGuardian` gives the patient another one.
 */
export function endLink(registrar: Registrar, link: Event): Registration {
  const desk = new SigningDesk(registrar, noRandom);
  desk.endLink(link);
  return desk.tried();
}

/** Ends a link and gives the patient another key, so that nothing the guardian holds opens new records (2.3). */
export function removeGuardian(
  registrar: Registrar,
  link: Event,
  patient: Standing,
  key: SubjectKey,
  random: Random,
): Registration {
  const desk = new SigningDesk(registrar, random);
  desk.endLink(link);
  desk.rekey(patient, key);
  return desk.tried();
}

/**
 * Gives a patient another key: 2110 with `rekey`. Links, `own` and grants follow to it, the former key ends at once. The
 * proof that it is the patient's wish is that staff saw the person.
 */
export function rekey(
  registrar: Registrar,
  patient: Standing,
  key: SubjectKey,
  random: Random,
): Registration {
  const desk = new SigningDesk(registrar, random);
  desk.rekey(patient, key);
  return desk.tried();
}

/** Enters an adolescent's own key: 2110 with `own`. It replaces an earlier own key. */
export function ownKey(
  registrar: Registrar,
  patient: Standing,
  own: ProvedKey,
  random: Random,
): Registration {
  const desk = new SigningDesk(registrar, random);
  desk.own(patient, own);
  return desk.tried();
}

/** The end of a link says nothing new, so nothing of it is random. */
function noRandom(): never {
  throw new TypeError('nothing here is random');
}
