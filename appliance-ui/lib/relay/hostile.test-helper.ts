/**
 * A relay for tests that lies: it serves the events it is given (real ones, receipts included, tampered with or
 * not) and answers as its `ways` say. It stands where the socket would stand, so that time is the test's.
 */
import type { Event } from '../protocol/types.ts';
import { type Filter, matches } from './frames.ts';
import type { Dial, SocketEvents } from './link.ts';

export interface Ways {
  /** False: the socket never opens. */
  opens: boolean;
  challenges: boolean;
  /** The answer to AUTH; null: none. */
  login: readonly [boolean, string] | null;
  /** Most events of one answer. */
  limitMax: number;
  /** Sends every event twice. */
  twice: boolean;
  /** Oldest first. */
  backwards: boolean;
  /** `end`: all events, then EOSE. `early`: EOSE, then the events. `never`: no EOSE. `lie`: EOSE and no events. */
  eose: 'end' | 'early' | 'never' | 'lie';
  /** Refuses every REQ with this text. */
  closes: string | null;
  /** Answers nothing at all any more. */
  silent: boolean;
  /** Milliseconds before each event of an answer; 0: all at once. */
  slow: (filters: readonly Filter[]) => number;
  /** Sends what nobody asked for before each answer. */
  unasked: readonly Event[];
  /** Says that it does not compare ids; false: passes the question over. */
  saysNoToComparing: boolean;
  /** The answer to EVENT; null: none. */
  ok: readonly [boolean, string] | null;
}

export class HostileRelay {
  events: Event[] = [];
  readonly ways: Ways = {
    opens: true,
    challenges: true,
    login: [true, ''],
    limitMax: 5_000,
    twice: false,
    backwards: false,
    eose: 'end',
    closes: null,
    silent: false,
    slow: () => 0,
    unasked: [],
    saysNoToComparing: true,
    ok: [true, ''],
  };
  /** Every frame that came in, oldest first. */
  readonly heard: (readonly unknown[])[] = [];
  dials = 0;
  private wires: Wire[] = [];

  readonly dial: Dial = (_url, events) => {
    this.dials += 1;
    const wire = new Wire(this, events);
    this.wires.push(wire);
    return wire;
  };

  /** Stores an event and hands it to the open subscriptions that ask for it. */
  publish(event: Event): void {
    this.events.push(event);
    for (const wire of this.wires) wire.live(event);
  }

  /** Loses all connections. */
  cut(): void {
    for (const wire of this.wires.splice(0)) wire.cut();
  }

  count(word: string): number {
    return this.heard.filter(([name]) => name === word).length;
  }

  /** Says this to every connection. */
  say(...frame: readonly unknown[]): void {
    for (const wire of this.wires) wire.say(frame);
  }

  answer(filter: Filter): Event[] {
    const found = this.events.filter((event) => matches(filter, event));
    found.sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1));
    const limited = found.slice(0, Math.min(filter.limit ?? this.ways.limitMax, this.ways.limitMax));
    return this.ways.backwards ? limited.reverse() : limited;
  }
}

class Wire {
  private readonly relay: HostileRelay;
  private readonly events: SocketEvents;
  private readonly open = new Map<string, readonly Filter[]>();
  private over = false;

  constructor(relay: HostileRelay, events: SocketEvents) {
    this.relay = relay;
    this.events = events;
    queueMicrotask(() => {
      if (this.over || !relay.ways.opens) return;
      events.open();
      if (relay.ways.challenges) this.say(['AUTH', 'challenge']);
    });
  }

  send(text: string): void {
    const frame = JSON.parse(text) as readonly unknown[];
    this.relay.heard.push(frame);
    queueMicrotask(() => this.take(frame));
  }

  close(): void {
    this.over = true;
  }

  cut(): void {
    if (this.over) return;
    this.over = true;
    this.events.closed();
  }

  live(event: Event): void {
    for (const [id, filters] of this.open) {
      if (filters.some((filter) => matches(filter, event))) this.say(['EVENT', id, event]);
    }
  }

  say(frame: readonly unknown[]): void {
    if (!this.over) this.events.text(JSON.stringify(frame));
  }

  private take(frame: readonly unknown[]): void {
    const { ways } = this.relay;
    if (this.over || ways.silent) return;
    const [word, first, ...rest] = frame;
    if (word === 'AUTH' && ways.login) this.say(['OK', (first as Event).id, ...ways.login]);
    if (word === 'EVENT' && ways.ok) this.say(['OK', (first as Event).id, ...ways.ok]);
    if (word === 'NEG-OPEN' && ways.saysNoToComparing)
      this.say(['NEG-ERR', String(first), 'unsupported: no']);
    if (word === 'CLOSE') this.open.delete(String(first));
    if (word === 'REQ') this.answer(String(first), rest as readonly Filter[]);
  }

  private answer(id: string, filters: readonly Filter[]): void {
    const { ways } = this.relay;
    if (ways.closes !== null) {
      this.say(['CLOSED', id, ways.closes]);
      return;
    }
    this.open.set(id, filters);
    for (const event of ways.unasked) this.say(['EVENT', id, event]);
    const events = ways.eose === 'lie' ? [] : filters.flatMap((filter) => this.relay.answer(filter));
    const frames: (readonly unknown[])[] = events.flatMap((event) =>
      Array.from({ length: ways.twice ? 2 : 1 }, () => ['EVENT', id, event]),
    );
    if (ways.eose === 'early') frames.unshift(['EOSE', id]);
    if (ways.eose === 'end' || ways.eose === 'lie') frames.push(['EOSE', id]);
    const pause = ways.slow(filters);
    if (pause > 0) void this.slowly(id, frames, pause);
    else for (const frame of frames) this.say(frame);
  }

  private async slowly(id: string, frames: readonly (readonly unknown[])[], pause: number): Promise<void> {
    for (const frame of frames) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (this.over || !this.open.has(id)) return;
      this.say(frame);
    }
  }
}

/** Time that moves when the test says so. */
export class HandClock {
  private ms: number;
  private readonly timers = new Set<{ at: number; call: () => void }>();

  constructor(ms: number) {
    this.ms = ms;
  }

  now = (): number => this.ms;

  after = (ms: number, call: () => void): (() => void) => {
    const timer = { at: this.ms + ms, call };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  };

  /** Moves on by so much, calling what is due in order, and lets what follows from it happen. */
  async pass(ms: number): Promise<void> {
    const end = this.ms + ms;
    for (;;) {
      await settle();
      const due = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers.delete(due);
      this.ms = Math.max(this.ms, due.at);
      due.call();
    }
    this.ms = end;
    await settle();
  }
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
