/**
 * The session itself, wherever it runs: in the worker of a face, or in the same process for programs without
 * pages. It holds the signer, one practice at a time, and those who watch.
 */
import { type KeyRole, prove, toNpub } from '../protocol/keys.ts';
import type { Hex } from '../protocol/types.ts';
import type { ClientOptions } from '../relay/client.ts';
import { type Clock, systemClock } from '../relay/clock.ts';
import {
  type ChartView,
  type MayRead,
  type PracticeAddress,
  type Session,
  SessionError,
  type Snapshot,
} from './api.ts';
import type { Home } from './keep.ts';
import { Practice } from './practice.ts';
import type { Signer } from './signer.ts';

export interface EngineOptions {
  readonly signer: Signer;
  readonly address: PracticeAddress;
  /** Every practice that was entered before. */
  readonly practices?: readonly PracticeAddress[];
  /** What is kept on this device; null: nothing is. */
  readonly home?: Home | null;
  readonly clock?: Clock;
  /** What relay clients take beside address and login. */
  readonly relay?: Partial<ClientOptions>;
  /** How often the relay is asked whether each record is still to be read, in milliseconds. */
  readonly accessMs?: number;
  /** Lets messages and timers have a turn between two pieces of work. */
  readonly turn?: () => Promise<void>;
}

/** A key and its proof of possession. */
export interface Proof {
  readonly key: Hex;
  readonly pop: Hex;
}

const systemRandom = () => crypto.getRandomValues(new Uint8Array(32));

export class Engine implements Session {
  private readonly options: EngineOptions;
  private readonly watchers = new Set<(now: Snapshot) => void>();
  private readonly chartWatchers = new Map<Hex, Set<(now: ChartView) => void>>();
  private readonly numbers = { subject: new Map<string, number>(), record: new Map<string, number>() };
  private practice: Practice | null = null;
  private practices: readonly PracticeAddress[];
  private home: Home | null;
  private telling = false;

  constructor(options: EngineOptions) {
    this.options = options;
    this.practices = options.practices ?? [];
    this.home = options.home ?? null;
    this.open(options.address);
  }

  watch(see: (now: Snapshot) => void): () => void {
    this.watchers.add(see);
    if (this.practice) see(this.snapshot(this.practice));
    return () => this.watchers.delete(see);
  }

  watchChart(key: Hex, see: (now: ChartView) => void): () => void {
    const watchers = this.chartWatchers.get(key) ?? new Set();
    this.chartWatchers.set(key, watchers);
    watchers.add(see);
    const view = this.practice?.chart(key);
    if (view) see(view);
    return () => {
      watchers.delete(see);
      if (watchers.size === 0) this.chartWatchers.delete(key);
    };
  }

  async mayRead(key: Hex): Promise<readonly MayRead[]> {
    if (!this.practice) throw new SessionError('locked', 'the session is locked');
    return this.practice.mayRead(key);
  }

  async enter(address: PracticeAddress): Promise<void> {
    if (!this.practice) throw new SessionError('locked', 'the session is locked');
    const { relay, practice } = this.practice.address;
    if (relay === address.relay && practice === address.practice) return;
    this.practice.stop();
    this.open(address);
  }

  async leave(practice: Hex): Promise<void> {
    if (!this.practice) throw new SessionError('locked', 'the session is locked');
    if (this.practice.address.practice === practice) {
      throw new SessionError('invalid', 'this practice is open: enter another one first');
    }
    this.practices = this.practices.filter((address) => address.practice !== practice);
    await this.home?.savePractices(this.practices);
    await this.home?.clear(practice);
    this.tell(this.practice);
  }

  /** The key and its proof of possession for the practice that is open. Throws when the key is elsewhere. */
  prove(role: KeyRole): Proof {
    const { publicKey, secret } = this.options.signer;
    if (!secret || !this.practice) throw new SessionError('invalid', 'the key is not here');
    const { practice } = this.practice.address;
    return { key: publicKey, pop: prove(secret, practice, role, systemRandom) };
  }

  /** From now on this is kept here: what was read so far, and what comes. */
  async settle(home: Home): Promise<void> {
    this.home = home;
    await home.savePractices(this.practices);
    const { practice } = this;
    if (practice) await practice.settle(home.keepOf(practice.address.practice));
    if (practice) this.tell(practice);
  }

  /** This tab became the one that keeps, or what was kept here has been removed. */
  turned(): void {
    if (!this.practice) return;
    void this.practice.turned();
    this.tell(this.practice);
  }

  /** The network is back, or the page is seen again. */
  poke(): void {
    this.practice?.poke();
  }

  lock(): void {
    this.practice?.stop();
    this.practice = null;
    this.watchers.clear();
    this.chartWatchers.clear();
  }

  private open(address: PracticeAddress): void {
    this.practices = [address, ...this.practices.filter((known) => known.practice !== address.practice)];
    // Without it the list is as long as the session; the snapshot says that nothing is kept.
    this.home?.savePractices(this.practices).catch(() => {});
    const practice = new Practice({
      address,
      signer: this.options.signer,
      keep: this.home?.keepOf(address.practice) ?? null,
      clock: this.options.clock ?? systemClock,
      turn: this.options.turn ?? (() => new Promise((resolve) => setTimeout(resolve))),
      relay: this.options.relay ?? {},
      ...(this.options.accessMs === undefined ? {} : { accessMs: this.options.accessMs }),
      numberOf: (what, id) => this.numberOf(what, id),
      changed: () => this.tell(practice),
      chartChanged: (key) => this.tellChart(practice, key),
    });
    this.practice = practice;
    this.tell(practice);
    void practice.start();
  }

  private numberOf(what: 'subject' | 'record', id: string): number {
    const numbers = this.numbers[what];
    let number = numbers.get(id);
    if (number === undefined) {
      number = numbers.size + 1;
      numbers.set(id, number);
    }
    return number;
  }

  /** Many changes at once are one snapshot. */
  private tell(practice: Practice): void {
    if (this.telling) return;
    this.telling = true;
    queueMicrotask(() => {
      this.telling = false;
      if (this.practice !== practice) return;
      const snapshot = this.snapshot(practice);
      for (const see of [...this.watchers]) see(snapshot);
    });
  }

  private tellChart(practice: Practice, key: Hex): void {
    if (this.practice !== practice) return;
    const watchers = this.chartWatchers.get(key);
    const view = watchers && practice.chart(key);
    if (view) for (const see of [...watchers]) see(view);
  }

  private snapshot(practice: Practice): Snapshot {
    const key = this.options.signer.publicKey;
    const removed = this.home?.removed ?? false;
    return {
      me: { key, npub: toNpub(key), here: this.options.signer.secret !== null },
      practice: practice.address,
      practices: this.practices,
      practiceName: practice.name ?? '',
      connection: practice.connection,
      subjects: practice.subjects,
      policyWhole: practice.policyWhole,
      heard: practice.heard,
      keeps: practice.keeps && !removed,
      passkey: this.home !== null && !removed,
      elsewhere: this.home !== null && !this.home.mine,
      removed,
    };
  }
}
