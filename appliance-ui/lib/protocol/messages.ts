/**
 * Messages, kind 2117 (docs/ref/protocol.md 2.2 "What families write"): who encrypts what to whom.
 *
 * Staff answer one person an event, so that another parent cannot open the answer. Families write one copy that the
 * staff of the compartment open. An own key that is not T writes confidential.
 */
import { type EpochSecret, type NewRecord, sealFamily, sealStaff } from './envelope.ts';
import { kinds } from './kinds.ts';
import type { Random } from './random.ts';
import type { SecretKey } from './secret.ts';
import type { Event, Hex, Resource } from './types.ts';

/** A message before it is bound and encrypted; `links` names the message answered, marker `reply`. */
export interface Message extends Pick<NewRecord, 'subject' | 'r' | 'links' | 'blobs' | 'createdAt'> {
  /** FHIR Communication without binding. */
  readonly communication: Resource;
}

function recordOf({ communication, ...message }: Message): NewRecord {
  return { ...message, kind: kinds.message, resource: communication };
}

/**
 * From staff to one person: T, C or G. `epoch` is that of the compartment: desk for an office matter, chart for a
 * medical question, confidential for a C that is not T.
 */
export function fromStaff(
  author: SecretKey,
  place: {
    readonly practice: Hex;
    readonly epoch: EpochSecret;
    readonly to: Hex;
    readonly confidential: boolean;
  },
  message: Message,
  random: Random,
): Event {
  const { practice, epoch, to, confidential } = place;
  return sealStaff(author, { practice, epoch, reader: to, confidential }, recordOf(message), random);
}

/** From T (also an own key equal to T) or G to the staff of desk or chart. */
export function fromFamily(
  author: SecretKey,
  place: { readonly practice: Hex; readonly epochKey: Hex },
  message: Message,
  random: Random,
): Event {
  return sealFamily(author, { ...place, secondP: null, confidential: false }, recordOf(message), random);
}

/** From a C that is not T to the holders of `confidential`: kind 2123, padded. */
export function fromOwnKey(
  author: SecretKey,
  place: { readonly practice: Hex; readonly epochKey: Hex },
  message: Message,
  random: Random,
): Event {
  return sealFamily(author, { ...place, secondP: null, confidential: true }, recordOf(message), random);
}
