/**
 * One connection to a relay, from dialling to its end: login on challenge (NIP-42), subscriptions, publishing,
 * and an end as soon as an answer stays out. It never dials again; `client.ts` does.
 *
 * Invariants
 *  - Nothing is asked or sent before the relay has accepted the login.
 *  - The login names the very URL that was dialled, so that a relay in between cannot use it elsewhere.
 *  - Every question has an answer within `answerMs`, or the connection counts as lost (half-open).
 *  - What the relay sends unasked is dropped; more than was asked ends the connection.
 */
import type { Event, Hex } from '../protocol/types.ts';
import type { Clock } from './clock.ts';
import { type Filter, type Frame, matches, parseFrame } from './frames.ts';
import { type Refusal, RelayError, refusalOf } from './refusal.ts';

/** What a socket tells. */
export interface SocketEvents {
  open(): void;
  text(text: string): void;
  closed(): void;
}

export interface Socket {
  send(text: string): void;
  close(): void;
}

export type Dial = (url: string, events: SocketEvents) => Socket;

/** Signs the login for a challenge of this URL. */
export type Login = (challenge: string, url: string) => Promise<Event>;

export interface LinkOptions {
  readonly url: string;
  readonly login: Login;
  readonly dial: Dial;
  readonly clock: Clock;
  /** Resolves to false when the relay is not the pinned one: then no login is sent. */
  readonly pinned: Promise<boolean>;
  /** Milliseconds for dialling, for the challenge, and for every answer. */
  readonly answerMs: number;
  readonly frameMax: number;
}

/** Why a connection is no more. */
export type LinkEnd =
  | { readonly is: 'lost' }
  | { readonly is: 'misbehaved' }
  | { readonly is: 'not-pinned' }
  /** The login was refused. */
  | { readonly is: 'login'; readonly refusal: Refusal }
  /** A logged-in key was thrown out: the words with which a subscription was closed before. */
  | { readonly is: 'thrown-out'; readonly refusal: Refusal }
  | { readonly is: 'stopped' };

export interface LinkEvents {
  open(): void;
  ended(why: LinkEnd): void;
}

interface Subscription {
  readonly filters: readonly Filter[];
  readonly event: (event: Event) => void;
  readonly stored: () => void;
  readonly closed: (error: RelayError) => void;
  /** Events that may come before the stored ones end. */
  room: number;
  cancel: () => void;
}

/** A comparison of ids under way (NIP-77). */
interface Comparison {
  /** Answers a message of the relay; null: nothing more is to be said. */
  readonly answer: (message: string) => string | null;
  readonly done: () => void;
  readonly failed: (error: RelayError) => void;
  cancel: () => void;
}

interface Sent {
  readonly answered: (accepted: boolean, text: string) => void;
  readonly failed: (error: RelayError) => void;
  readonly cancel: () => void;
}

const OFFLINE = new RelayError({ is: 'offline' });
const PUBLISHING_MAX = 64;

export class Link {
  /** When the relay was last heard, in milliseconds. */
  heard: number;
  private readonly options: LinkOptions;
  private readonly events: LinkEvents;
  private readonly socket: Socket;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly comparisons = new Map<string, Comparison>();
  private readonly sent = new Map<Hex, Sent>();
  private state: 'dialling' | 'waiting' | 'login' | 'open' | 'ended' = 'dialling';
  private loginId: Hex | null = null;
  private cancel: () => void;
  private counter = 0;
  private thrown: Refusal | null = null;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.options = options;
    this.events = events;
    this.heard = options.clock.now();
    this.cancel = options.clock.after(options.answerMs, () => this.end({ is: 'lost' }));
    this.socket = options.dial(options.url, {
      open: () => {
        if (this.state === 'dialling') this.state = 'waiting';
      },
      text: (text) => this.take(text),
      closed: () => this.end(this.thrown ? { is: 'thrown-out', refusal: this.thrown } : { is: 'lost' }),
    });
  }

  /** Opens a subscription; `room` bounds its stored events. Returns what closes it. */
  subscribe(
    filters: readonly Filter[],
    room: number,
    on: Pick<Subscription, 'event' | 'stored' | 'closed'>,
  ): () => void {
    if (this.state !== 'open') {
      on.closed(OFFLINE);
      return () => {};
    }
    this.counter += 1;
    const id = `s${this.counter}`;
    const subscription: Subscription = { ...on, filters, room, cancel: () => {} };
    this.subscriptions.set(id, subscription);
    this.expect(subscription);
    this.socket.send(JSON.stringify(['REQ', id, ...filters]));
    return () => {
      if (!this.subscriptions.delete(id)) return;
      subscription.cancel();
      if (this.state === 'open') this.socket.send(JSON.stringify(['CLOSE', id]));
    };
  }

  /** Compares ids with the relay's (NIP-77). Rejects when it does not, or cannot. */
  compare(filter: Filter, first: string, answer: Comparison['answer']): Promise<void> {
    if (this.state !== 'open') return Promise.reject(OFFLINE);
    this.counter += 1;
    const id = `n${this.counter}`;
    return new Promise((resolve, reject) => {
      const comparison: Comparison = { answer, done: resolve, failed: reject, cancel: () => {} };
      this.comparisons.set(id, comparison);
      this.await(id, comparison);
      this.socket.send(JSON.stringify(['NEG-OPEN', id, filter, first]));
    });
  }

  /** Sends an event. Rejects with `offline` when no answer came: then nothing is known of it. */
  publish(event: Event): Promise<{ readonly accepted: boolean; readonly text: string }> {
    if (this.state !== 'open' || this.sent.size >= PUBLISHING_MAX) return Promise.reject(OFFLINE);
    return new Promise((resolve, reject) => {
      const cancel = this.options.clock.after(this.options.answerMs, () => this.end({ is: 'lost' }));
      this.sent.set(event.id, {
        answered: (accepted, text) => resolve({ accepted, text }),
        failed: reject,
        cancel,
      });
      this.socket.send(JSON.stringify(['EVENT', event]));
    });
  }

  stop(): void {
    this.end({ is: 'stopped' });
  }

  misbehaved(): void {
    this.end({ is: 'misbehaved' });
  }

  private take(text: string): void {
    if (this.state === 'ended') return;
    this.heard = this.options.clock.now();
    if (text.length > this.options.frameMax) {
      this.end({ is: 'misbehaved' });
      return;
    }
    const frame = parseFrame(text);
    if (frame) this.handle(frame);
  }

  private handle(frame: Frame): void {
    switch (frame.is) {
      case 'auth':
        void this.logIn(frame.challenge);
        break;
      case 'ok':
        this.answered(frame.id, frame.accepted, frame.text);
        break;
      case 'event':
        this.delivered(frame.subscription, frame.event);
        break;
      case 'eose':
        this.storedEnd(frame.subscription);
        break;
      case 'closed':
        this.closedBy(frame.subscription, frame.text);
        break;
      case 'neg':
        this.compared(frame.subscription, frame.message);
        break;
      case 'neg-error':
        this.notCompared(frame.subscription, frame.text);
        break;
      case 'notice':
        break;
    }
  }

  private async logIn(challenge: string): Promise<void> {
    // One challenge a connection: a second one would only be a way to collect signatures.
    if (this.state !== 'waiting') return;
    this.state = 'login';
    try {
      if (!(await this.options.pinned)) {
        this.end({ is: 'not-pinned' });
        return;
      }
      const event = await this.options.login(challenge, this.options.url);
      if (this.ended) return;
      this.loginId = event.id;
      this.socket.send(JSON.stringify(['AUTH', event]));
      this.cancel();
      this.cancel = this.options.clock.after(this.options.answerMs, () => this.end({ is: 'lost' }));
    } catch {
      this.end({ is: 'lost' });
    }
  }

  private get ended(): boolean {
    return this.state === 'ended';
  }

  private answered(id: Hex, accepted: boolean, text: string): void {
    if (this.state === 'login' && id === this.loginId) {
      if (accepted) {
        this.cancel();
        this.state = 'open';
        this.events.open();
      } else {
        this.end({ is: 'login', refusal: refusalOf(text) });
      }
      return;
    }
    const sent = this.sent.get(id);
    if (!sent) return;
    this.sent.delete(id);
    sent.cancel();
    sent.answered(accepted, text);
  }

  private delivered(id: string, event: Event): void {
    const subscription = this.subscriptions.get(id);
    if (!subscription?.filters.some((filter) => matches(filter, event))) return;
    if (subscription.room === 0) {
      this.end({ is: 'misbehaved' });
      return;
    }
    subscription.room -= 1;
    // A slow relay is not a silent one.
    if (subscription.room < Number.POSITIVE_INFINITY) this.expect(subscription);
    subscription.event(event);
  }

  private storedEnd(id: string): void {
    const subscription = this.subscriptions.get(id);
    if (!subscription || subscription.room === Number.POSITIVE_INFINITY) return;
    subscription.cancel();
    // From here on live events come, as many as there are.
    subscription.room = Number.POSITIVE_INFINITY;
    subscription.stored();
  }

  private closedBy(id: string, text: string): void {
    const subscription = this.subscriptions.get(id);
    if (!subscription) return;
    const refusal = refusalOf(text);
    if (refusal.class === 'forbidden' || refusal.class === 'unauthenticated') this.thrown = refusal;
    this.subscriptions.delete(id);
    subscription.cancel();
    subscription.closed(new RelayError({ is: 'refused', refusal }));
  }

  private compared(id: string, message: string): void {
    const comparison = this.comparisons.get(id);
    if (!comparison) return;
    let next: string | null;
    try {
      next = comparison.answer(message);
    } catch {
      this.notCompared(id, 'invalid: not a message of this kind');
      return;
    }
    if (next === null) {
      this.comparisons.delete(id);
      comparison.cancel();
      this.socket.send(JSON.stringify(['NEG-CLOSE', id]));
      comparison.done();
    } else {
      this.await(id, comparison);
      this.socket.send(JSON.stringify(['NEG-MSG', id, next]));
    }
  }

  /** Silence here is no lost connection: relays that do not compare pass such messages over. */
  private await(id: string, comparison: Comparison): void {
    comparison.cancel();
    comparison.cancel = this.options.clock.after(this.options.answerMs, () =>
      this.notCompared(id, 'unsupported: no answer'),
    );
  }

  private notCompared(id: string, text: string): void {
    const comparison = this.comparisons.get(id);
    if (!comparison) return;
    this.comparisons.delete(id);
    comparison.cancel();
    comparison.failed(new RelayError({ is: 'refused', refusal: refusalOf(text) }));
  }

  private expect(subscription: Subscription): void {
    subscription.cancel();
    subscription.cancel = this.options.clock.after(this.options.answerMs, () => this.end({ is: 'lost' }));
  }

  private end(why: LinkEnd): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.cancel();
    this.socket.close();
    const error = why.is === 'misbehaved' ? new RelayError({ is: 'misbehaved' }) : OFFLINE;
    for (const subscription of this.subscriptions.values()) {
      subscription.cancel();
      subscription.closed(error);
    }
    for (const waiting of [...this.sent.values(), ...this.comparisons.values()]) {
      waiting.cancel();
      waiting.failed(error);
    }
    this.subscriptions.clear();
    this.comparisons.clear();
    this.sent.clear();
    this.events.ended(why);
  }
}
