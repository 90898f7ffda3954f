/** Whether id and signature of an event hold, looked at once for each event. */
import { eventId, signatureHolds } from '../event.ts';
import type { Event } from '../types.ts';

/** Whether the signature of an event holds whose id is the hash of the event. */
export type SignatureCheck = (event: Event) => boolean;

/** Whether id and signature of this very object were checked before, or are vouched for. */
export type EventCheck = (event: Event) => boolean;

export class Verifier {
  readonly #signed: SignatureCheck;
  readonly #checked: EventCheck;
  readonly #known = new WeakMap<Event, 'id' | 'sig' | 'holds'>();

  constructor(
    signed: SignatureCheck = ({ sig, id, pubkey }) => signatureHolds(sig, id, pubkey),
    checked: EventCheck = () => false,
  ) {
    this.#signed = signed;
    this.#checked = checked;
  }

  /** The reason by which the event is refused; null when both hold. */
  reasonOf(event: Event): 'id' | 'sig' | null {
    let found = this.#known.get(event);
    if (found === undefined) {
      if (this.#checked(event)) found = 'holds';
      else if (eventId(event) !== event.id) found = 'id';
      else found = this.#signed(event) ? 'holds' : 'sig';
      this.#known.set(event, found);
    }
    return found === 'holds' ? null : found;
  }
}
