/** Ages and names as pages say them. */
import { type Age, ageAt, civilAt, parseCivil } from '@relaybox/lib/clinical/dates';
import type { Signer, Subject } from '@relaybox/lib/session/api';

/** From this age on a record may hold a compartment that no guardian opens. */
export const limitedFrom = 12;
export const adultFrom = 18;

export function ageOf(who: Pick<Subject, 'born'>, unix: number): Age | null {
  const [born, today] = [parseCivil(who.born), civilAt(unix)];
  return born && today ? ageAt(born, today) : null;
}

/** The person of the record reads it with an own key. */
export const isOwn = (who: Subject): boolean => who.standing === 'own' || who.standing === 'patient';

/** Reads the own record and is no adult yet. A record whose birth date is not here is an adult's until it is. */
export function isYoung(who: Subject, unix: number): boolean {
  const age = ageOf(who, unix);
  return isOwn(who) && age !== null && age.years < adultFrom;
}

export const isStaff = (who: Signer): boolean =>
  who.role === 'doctor' || who.role === 'nurse' || who.role === 'ma' || who.role === 'frontdesk';
