/**
 * All that a relay has shown of one practice, by id: what holds (id and signature checked once), and, apart from
 * it, what does not. The order of coming means nothing.
 */
import { signaturesHold } from '../protocol/batch.ts';
import { eventId, eventJson } from '../protocol/event.ts';
import type { Event, Hex } from '../protocol/types.ts';

/** Events that do not hold are kept for naming them, up to so many. */
const BROKEN_MAX = 1_000;
/** Signatures checked together, before others get a turn. */
const AT_ONCE = 256;
const systemRandom = () => crypto.getRandomValues(new Uint8Array(32));

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

  /** How many events came whose id or signature does not hold. */
  get brokenCount(): number {
    return this.broken.size;
  }

  /** Whether this very object was checked here, or before on this device. */
  holds(event: Event): boolean {
    return this.events.get(event.id) === event;
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
    for (let from = 0; from < events.length; from += AT_ONCE) {
      if (from > 0) await turn();
      const unknown = new Map<string, Event>();
      for (const event of events.slice(from, from + AT_ONCE)) {
        // The same id has the same content; another signature of it is of no interest.
        if (this.events.has(event.id)) continue;
        const whole = eventJson(event);
        if (!this.broken.has(whole)) unknown.set(whole, event);
      }
      for (const event of this.check(unknown)) {
        if (this.events.has(event.id)) continue;
        this.events.set(event.id, event);
        fresh.push(event);
      }
    }
    return fresh;
  }

  /** Those that hold; the others are kept apart. */
  private check(unknown: ReadonlyMap<string, Event>): Event[] {
    const named = [...unknown].filter(([, event]) => eventId(event) === event.id);
    const hold = signaturesHold(
      named.map(([, event]) => event),
      systemRandom,
    );
    const good = new Set(named.flatMap(([whole], at) => (hold[at] ? [whole] : [])));
    for (const [whole, event] of unknown) {
      if (!good.has(whole) && this.broken.size < BROKEN_MAX) this.broken.set(whole, event);
    }
    return [...unknown].flatMap(([whole, event]) => (good.has(whole) ? [event] : []));
  }

  /** Forgets events; what is left is as if they had never come. */
  forget(is: (event: Event) => boolean): void {
    for (const [id, event] of this.events) if (is(event)) this.events.delete(id);
    for (const [key, event] of this.broken) if (is(event)) this.broken.delete(key);
  }
}
