/**
 * Why a relay said no (NIP-01, NIP-42: the first word of OK, CLOSED and NEG-ERR), kept apart from a relay that
 * does not answer. Twin of the classes of `firmware/protocol/src/refusal.rs`.
 */

export type RefusalClass =
  /** Log in first, or the login did not fit. */
  | 'unauthenticated'
  /** This person may not. */
  | 'forbidden'
  /** The message is wrong, and will be wrong again. */
  | 'invalid'
  /** Later. */
  | 'rate-limited'
  /** Something newer stands in the way. */
  | 'conflict'
  /** The relay cannot do this now: try again. */
  | 'unavailable';

/** A relay's no. */
export interface Refusal {
  readonly class: RefusalClass;
  /** The relay's own words without the first one; shown to experts only, and never trusted. */
  readonly said: string;
}

const CLASSES: Readonly<Record<string, RefusalClass>> = {
  'auth-required': 'unauthenticated',
  restricted: 'forbidden',
  invalid: 'invalid',
  unsupported: 'invalid',
  pow: 'invalid',
  'rate-limited': 'rate-limited',
  blocked: 'conflict',
  mute: 'conflict',
  duplicate: 'conflict',
  error: 'unavailable',
};
const SAID_MAX = 300;

/** Reads the text of a refusal. A text without a known first word is `unavailable`: it proves nothing lasting. */
export function refusalOf(text: string): Refusal {
  const colon = text.indexOf(':');
  const known = colon > 0 ? CLASSES[text.slice(0, colon)] : undefined;
  const said = known === undefined ? text : text.slice(colon + 1);
  return { class: known ?? 'unavailable', said: said.trim().slice(0, SAID_MAX) };
}

/** What went wrong between here and a relay. */
export type RelayFailure =
  /** No answer: not connected, connection lost, or silence. Nothing is known of what was sent last. */
  | { readonly is: 'offline' }
  | { readonly is: 'refused'; readonly refusal: Refusal }
  /** The relay broke its own protocol: more than asked, frames too large. */
  | { readonly is: 'misbehaved' }
  /** This device refuses: the relay is not the one that is pinned. */
  | { readonly is: 'not-pinned' };

export class RelayError extends Error {
  readonly failure: RelayFailure;

  constructor(failure: RelayFailure) {
    super(failure.is === 'refused' ? `refused, ${failure.refusal.class}` : failure.is);
    this.failure = failure;
  }
}
