/**
 * What a disclosure shows of the persons around a patient: the 2110 or 2104 that names a family signer
 * (docs/ref/protocol.md 2.8.2).
 */
import { pTag, tagValue } from '../event.ts';
import { kinds } from '../kinds.ts';
import { compartmentsInOrder } from '../order.ts';
import { parseCompartment } from '../permissions.ts';
import { keyFromHex } from '../secret.ts';
import type { Compartment, Event, Hex } from '../types.ts';

export interface Tie {
  /** The person it names beside the patient, or the patient. */
  readonly person: Hex;
  readonly subject: Hex;
  /** Signer of the 2110 or 2104. */
  readonly signer: Hex;
  /** Null for a patient or own key. */
  readonly compartments: readonly Compartment[] | null;
  readonly own: boolean;
}

/** Whom a 2110 or 2104 names. */
export function tiesOf(event: Event): readonly Tie[] {
  if (event.kind === kinds.patient) return ofPatient(event);
  return event.kind === kinds.guardianLink ? ofLink(event) : [];
}

function ofPatient(event: Event): readonly Tie[] {
  const subject = pTag(event, 1);
  if (subject === null) return [];
  const own = keyFromHex(tagValue(event, 'own') ?? undefined);
  const tie = { subject, signer: event.pubkey, compartments: null };
  const patient: Tie = { ...tie, person: subject, own: false };
  return own === null || own === subject ? [patient] : [patient, { ...tie, person: own, own: true }];
}

function ofLink(event: Event): readonly Tie[] {
  const [subject, person] = [pTag(event, 0), pTag(event, 1)];
  const ends = event.tags.some(([name]) => name === 'end');
  if (subject === null || person === null || ends) return [];
  const named = event.tags.find(([name]) => name === 'compartments')?.slice(1) ?? [];
  const compartments = compartmentsInOrder([
    'desk',
    ...named.flatMap((word) => parseCompartment(word) ?? []),
  ]);
  return [{ person, subject, signer: event.pubkey, compartments, own: false }];
}
