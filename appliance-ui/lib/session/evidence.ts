/**
 * All that a relay has shown of one practice, by id: what holds (id and signature checked once), and, apart from
 * it, what does not. The order of coming means nothing.
 */
import { eventJson, verify } from '../protocol/event.ts';
import type { Event, Hex } from '../protocol/types.ts';

/** Events that do not hold are kept for naming them, up to so many. */
const BROKEN_MAX = 1_000;
/** Signatures checked before others get a turn. */
const AT_ONCE = 25;

export class Evidence {
  private readonly events = new Map<Hex, Event>();
  /** Keyed by the whole event: a forged copy must not hide the true event of its id and signature. */
  private readonly broken = new Map<string, Event>();

  get(id: Hex): Event | undefined {
    return this.events.get(id);
  }

  values(): Iterable<Event> {
    return this.events.values();
  }

  get size(): number {
    return this.events.size;
  }

  /** Whether the signature of an event was checked here, or before on this device. */
  signed(event: Event): boolean {
    return this.events.get(event.id)?.sig === event.sig;
  }

  /** Events whose id or signature does not hold, and whose id no true event has. */
  damaged(): Event[] {
    const byId = new Map([...this.broken.values()].map((event) => [event.id, event]));
    return [...byId.values()].filter(({ id }) => !this.events.has(id));
  }

  /** Takes events that were checked before and kept under this device's own seal. */
  trust(events: Iterable<Event>): void {
    for (const event of events) this.events.set(event.id, event);
  }

  /** Takes events from a relay: checks each once, and gives back those that are new and hold. */
  async take(events: readonly Event[], turn: () => Promise<void>): Promise<Event[]> {
    const fresh: Event[] = [];
    let checked = 0;
    for (const event of events) {
      const known = this.events.get(event.id);
      // The same id has the same content; another signature of it is of no interest.
      if (known || (this.broken.size > 0 && this.broken.has(eventJson(event)))) continue;
      if (verify(event) === null) {
        this.events.set(event.id, event);
        fresh.push(event);
      } else if (this.broken.size < BROKEN_MAX) {
        this.broken.set(eventJson(event), event);
      }
      checked += 1;
      if (checked % AT_ONCE === 0) await turn();
    }
    return fresh;
  }

  /** Forgets events; what is left is as if they had never come. */
  forget(is: (event: Event) => boolean): void {
    for (const [id, event] of this.events) if (is(event)) this.events.delete(id);
    for (const [key, event] of this.broken) if (is(event)) this.broken.delete(key);
  }
}
