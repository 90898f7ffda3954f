/**
 * A practice's relay as long as a session lasts: dials, logs in, dials again with back-off and jitter, and tells
 * at any moment where it stands. It reads stored events in pages, hands over live ones, and publishes.
 *
 * It knows nothing of records: a relay that answers late, twice, out of order or not at all costs time here, and
 * what it says is believed nowhere. Deliberately not here: a pool of relays, and retries of a publish.
 *
 * Invariants
 *  - No login and no event goes to a relay whose information document names another practice.
 *  - An event is published only to a box whose key the practice has certified (`certify`).
 *  - Stored events never pile up: the next page is asked for when the last one has been taken.
 */
import type { Event, Hex } from '../protocol/types.ts';
import type { Connection, PracticeAddress, RefusedWhy } from '../session/api.ts';
import { backoff, backoffRefused } from './backoff.ts';
import { type Clock, systemClock } from './clock.ts';
import { type Known, missingIds } from './compare.ts';
import type { Filter } from './frames.ts';
import { type Dial, Link, type LinkEnd, type Login } from './link.ts';
import { type PageSizes, readAll } from './pages.ts';
import { type BoxDocument, type FetchDocument, fetchDocument, isPractice } from './pin.ts';
import { LiveQueue } from './queue.ts';
import { type Refusal, RelayError, refusalOf } from './refusal.ts';
import { dialWebSocket } from './websocket.ts';

export interface ClientOptions {
  readonly address: PracticeAddress;
  readonly login: Login;
  readonly dial?: Dial;
  readonly document?: FetchDocument;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  /** False when this device has no network at all. */
  readonly online?: () => boolean;
  readonly limits?: Partial<ClientLimits>;
}

export interface ClientLimits {
  /** Milliseconds within which every answer begins. */
  readonly answerMs: number;
  /** Silence after which the connection is tried. */
  readonly quietMs: number;
  readonly page: number;
  readonly eventsMax: number;
  /** Live events that wait for whoever takes them. */
  readonly liveMax: number;
  readonly frameMax: number;
}

const LIMITS: ClientLimits = {
  answerMs: 20_000,
  quietMs: 30_000,
  page: 500,
  eventsMax: 200_000,
  liveMax: 5_000,
  frameMax: 458_752,
};

/** Below so many known events everything is asked for: comparing would cost as much. */
const COMPARE_FROM = 20;

/** By more than so many seconds the box does not take a login (NIP-42). */
const CLOCK_SKEW_SECONDS = 600;

export type PublishAnswer =
  | { readonly stored: true; readonly before: boolean }
  | { readonly stored: false; readonly refusal: Refusal };

export class RelayClient {
  private readonly options: ClientOptions;
  private readonly limits: ClientLimits;
  private readonly clock: Clock;
  private readonly watchers = new Set<(status: Connection) => void>();
  private current: Connection;
  private link: Link | null = null;
  private document: BoxDocument | null = null;
  private certified: ReadonlySet<Hex> = new Set();
  /** False once the relay has shown that it does not compare ids. */
  private compares = true;
  private tries = 0;
  private cancelTimer = () => {};
  private cancelPulse = () => {};
  private stopped = false;

  constructor(options: ClientOptions) {
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    this.clock = options.clock ?? systemClock;
    this.current = { is: 'connecting', since: this.seconds() };
  }

  get status(): Connection {
    return this.current;
  }

  /** What the box says of itself; null until it was asked, or when this cannot be asked here. */
  get box(): BoxDocument | null {
    return this.document;
  }

  /** Calls at each change, not at once. */
  watch(see: (status: Connection) => void): () => void {
    this.watchers.add(see);
    return () => this.watchers.delete(see);
  }

  start(): void {
    if (!this.link && !this.stopped) this.dial();
  }

  /** The network came back, or the page is seen again: try now. */
  poke(): void {
    if (this.stopped) return;
    if (this.link) {
      this.pulse();
    } else {
      this.tries = 0;
      this.tell({ is: 'connecting', since: this.seconds() });
      this.dial();
    }
  }

  stop(): void {
    this.stopped = true;
    this.cancelTimer();
    this.cancelPulse();
    this.link?.stop();
    this.link = null;
  }

  /** Box keys that the practice has certified; nothing is published to any other. */
  certify(keys: Iterable<Hex>): void {
    this.certified = new Set(keys);
  }

  /** All stored events of a filter; see `readAll`. Rejects with a `RelayError` when the connection ends. */
  stored(filter: Filter, take: (events: readonly Event[]) => void | Promise<void>): Promise<boolean> {
    const sizes: PageSizes = {
      page: this.limits.page,
      limitMax: this.document?.limitMax ?? null,
      eventsMax: this.limits.eventsMax,
    };
    return readAll((page) => this.ask([page], page.limit), filter, sizes, take);
  }

  /**
   * The same, when some of them are here already: only what is missing is asked for. A relay that does not compare
   * is asked for everything.
   */
  async rest(
    filter: Filter,
    known: readonly Known[],
    take: (events: readonly Event[]) => void | Promise<void>,
  ): Promise<boolean> {
    if (!this.link) throw new RelayError({ is: 'offline' });
    if (known.length < COMPARE_FROM || !this.compares) return this.stored(filter, take);
    let missing: readonly Hex[];
    try {
      missing = await missingIds(this.link, filter, known, this.limits.eventsMax);
    } catch (error) {
      if (!(error instanceof RelayError) || error.failure.is !== 'refused') throw error;
      this.compares = false;
      return this.stored(filter, take);
    }
    for (let from = 0; from < missing.length; from += this.limits.page) {
      const ids = missing.slice(from, from + this.limits.page);
      await take(await this.ask([{ ids, limit: ids.length }], ids.length));
    }
    return missing.length < this.limits.eventsMax;
  }

  /** One question with one bounded answer. */
  ask(filters: readonly Filter[], room: number): Promise<readonly Event[]> {
    const link = this.link;
    if (!link) return Promise.reject(new RelayError({ is: 'offline' }));
    return new Promise((resolve, reject) => {
      const events: Event[] = [];
      // Twice the room: a relay that sends everything twice is slow, not hostile.
      const close = link.subscribe(filters, room * 2, {
        event: (event) => events.push(event),
        stored: () => {
          resolve(events);
          close();
        },
        closed: reject,
      });
    });
  }

  /**
   * New events from now on, in the order of their coming. `take` is not called again before it has finished.
   * `ended` is told once when the subscription is over, whatever the cause.
   */
  live(
    filters: readonly Filter[],
    take: (events: readonly Event[]) => void | Promise<void>,
    ended: (error: RelayError) => void,
  ): { readonly open: Promise<void>; close(): void } {
    const link = this.link;
    if (!link) {
      const error = new RelayError({ is: 'offline' });
      ended(error);
      return { open: Promise.reject(error), close: () => {} };
    }
    const queue = new LiveQueue(this.limits.liveMax, take, () => link.misbehaved());
    let close = () => {};
    const open = new Promise<void>((resolve, reject) => {
      close = link.subscribe(
        filters.map((filter) => ({ ...filter, limit: 0 })),
        this.limits.liveMax,
        {
          event: (event) => queue.push(event),
          stored: resolve,
          closed: (error) => {
            queue.stop();
            ended(error);
            reject(error);
          },
        },
      );
    });
    return {
      open,
      close: () => {
        queue.stop();
        close();
      },
    };
  }

  /**
   * Publishes to the pinned box. Rejects with `not-pinned` before anything is sent elsewhere, and with `offline`
   * when no answer came: then the event may be stored or not, and is sent again.
   */
  async publish(event: Event): Promise<PublishAnswer> {
    const box = this.document?.self;
    if (!this.link || this.current.is !== 'open') throw new RelayError({ is: 'offline' });
    if (!box || !this.certified.has(box)) throw new RelayError({ is: 'not-pinned' });
    const { accepted, text } = await this.link.publish(event);
    if (accepted) return { stored: true, before: text.startsWith('duplicate:') };
    return { stored: false, refusal: refusalOf(text) };
  }

  /** Told only when it comes to something: "connecting" with every try would be no news. */
  private dial(): void {
    this.cancelTimer();
    const { address, login } = this.options;
    const link: Link = new Link(
      {
        url: address.relay,
        login,
        dial: this.options.dial ?? dialWebSocket,
        clock: this.clock,
        pinned: this.askDocument(),
        answerMs: this.limits.answerMs,
        frameMax: this.limits.frameMax,
      },
      {
        open: () => {
          this.tries = 0;
          this.tell({ is: 'open', since: this.seconds() });
          this.watchPulse();
        },
        ended: (why) => {
          if (this.link !== link) return;
          this.link = null;
          this.cancelPulse();
          if (!this.stopped) this.lost(why);
        },
      },
    );
    this.link = link;
  }

  private async askDocument(): Promise<boolean> {
    const ask = this.options.document ?? fetchDocument;
    const document = await ask(this.options.address.relay);
    if (document) this.document = document;
    return !document?.practice || isPractice(this.options.address, document.practice, document.former);
  }

  private lost(why: LinkEnd): void {
    const refused = this.refusedBy(why);
    const random = (this.options.random ?? Math.random)();
    const wait = refused ? backoffRefused(this.tries, random) : backoff(this.tries, random);
    // Whoever was thrown out asks at once why: the login says it.
    const atOnce = why.is === 'thrown-out' && this.tries === 0;
    const delay = atOnce ? 0 : wait;
    this.tries += 1;
    if (refused) {
      this.tell(refused);
    } else if (atOnce) {
      this.tell({ is: 'connecting', since: this.seconds() });
    } else if (this.current.is !== 'offline') {
      const online = this.options.online?.() ?? true;
      this.tell({ is: 'offline', since: this.seconds(), why: online ? 'box' : 'network' });
    }
    this.cancelTimer = this.clock.after(delay, () => this.dial());
  }

  private refusedBy(why: LinkEnd): Connection | null {
    if (why.is === 'not-pinned') return { is: 'refused', why: 'other-practice', said: '' };
    if (why.is !== 'login') return null;
    const { class: kind, said } = why.refusal;
    switch (kind) {
      case 'unauthenticated':
        return { is: 'refused', why: this.whyNotBelieved(), said };
      case 'forbidden':
        return { is: 'refused', why: 'ended', said };
      case 'rate-limited':
        return { is: 'refused', why: 'rate', said };
      default:
        return { is: 'refused', why: 'internal', said };
    }
  }

  /**
   * The login fits challenge and URL by its making, so that what does not fit is the time, unless it does. A relay that
   * lets nobody see its time leaves the cause unknown.
   */
  private whyNotBelieved(): RefusedWhy {
    const date = this.document?.date ?? null;
    if (date === null) return 'login';
    return Math.abs(date - this.seconds()) >= CLOCK_SKEW_SECONDS - 5 ? 'clock' : 'internal';
  }

  /** Tries the connection whenever nothing was heard for a while. */
  private watchPulse(wait = this.limits.quietMs): void {
    this.cancelPulse();
    this.cancelPulse = this.clock.after(wait, () => {
      const quiet = this.clock.now() - (this.link?.heard ?? 0);
      if (quiet >= this.limits.quietMs) this.pulse();
      this.watchPulse(quiet >= this.limits.quietMs ? this.limits.quietMs : this.limits.quietMs - quiet);
    });
  }

  /** A question that costs the relay nothing: without an answer the link ends itself. */
  private pulse(): void {
    this.ask([{ kinds: [0], limit: 0 }], 1).catch(() => {});
  }

  private tell(status: Connection): void {
    this.current = status;
    for (const see of [...this.watchers]) see(status);
  }

  private seconds(): number {
    return Math.floor(this.clock.now() / 1_000);
  }
}
