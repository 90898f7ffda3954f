/**
 * A staff member's session as far as it needs no patient: who works here, with which role and words, who else does, and
 * the epoch secrets that this person may hold. It reads the policy that all members see, in the order of its receipts;
 * registrations, links and records come with the pages that show them.
 *
 * Invariants
 *  - Without the practice key that was set on this computer nothing is opened, and nothing is sent to another's box.
 *  - Role, words and roster are what signed policy says at its newest receipt. Of the relay nothing is taken on trust.
 *  - Key and secrets stay here and go with `lock`; what is told is plain data without them.
 */
import { Keyring } from '../protocol/epochs.ts';
import { parsePublic, toNpub } from '../protocol/keys.ts';
import { kinds } from '../protocol/kinds.ts';
import type { Role, Word } from '../protocol/permissions.ts';
import type { View } from '../protocol/policy/types.ts';
import { Held, Reader } from '../protocol/reader.ts';
import type { SecretKey } from '../protocol/secret.ts';
import type { Compartment, Event, Hex } from '../protocol/types.ts';
import { type ClientOptions, RelayClient } from '../relay/client.ts';
import { type Clock, systemClock } from '../relay/clock.ts';
import type { Filter } from '../relay/frames.ts';
import { RelayError } from '../relay/refusal.ts';
import { type Connection, type PracticeAddress, SessionError } from './api.ts';
import { Evidence } from './evidence.ts';
import { type Colleague, colleagues, type Home, homeOf } from './roster.ts';
import { keySigner, type Signer, signLogin } from './signer.ts';

export type { Colleague, Home } from './roster.ts';

/** What the person is here. */
export interface Place {
  readonly role: Role;
  readonly words: readonly Word[];
  /** The page that opens first. */
  readonly home: Home;
}

export interface StaffSnapshot {
  readonly me: { readonly key: Hex; readonly npub: string; readonly name: string | null };
  readonly connection: Connection;
  /** Null until policy was read, and for whoever is no member. */
  readonly place: Place | null;
  /** Every member, oneself included. */
  readonly roster: readonly Colleague[];
  /** The newest epoch, and the compartments whose secret of it is here. */
  readonly epoch: { readonly n: number; readonly holds: readonly Compartment[] } | null;
  /** False: the policy chain has a hole or a fork; nothing after it counts, and nothing is written. */
  readonly policyWhole: boolean;
}

export interface StaffOptions {
  /** What was set on this computer when it was given to the practice; null: nothing was. */
  readonly address: PracticeAddress | null;
  readonly secret: SecretKey;
  readonly clock?: Clock;
  /** What the relay client takes beside address and login. */
  readonly relay?: Partial<ClientOptions>;
  /** Lets messages and timers have a turn between two pieces of work. */
  readonly turn?: () => Promise<void>;
}

/** Kinds of the policy chain that all members read. */
const POLICY: readonly number[] = [
  kinds.staffRoster,
  kinds.serviceAgentGrant,
  kinds.practiceEpoch,
  kinds.succession,
  kinds.suspension,
];

export class StaffSession {
  private readonly signer: Signer;
  private readonly clock: Clock;
  private readonly turn: () => Promise<void>;
  private readonly client: RelayClient;
  private readonly watchers = new Set<(now: StaffSnapshot) => void>();
  private opened: Opened | null;
  /** Stored policy has been read over this connection. */
  private caught = false;
  /** Tells the reading of an old connection from that of a new one. */
  private run = 0;

  /** Throws a `SessionError` of code `invalid` when no practice key is set. */
  constructor({ address, secret, clock = systemClock, relay = {}, turn }: StaffOptions) {
    if (address === null || parsePublic(address.practice) !== address.practice)
      throw new SessionError('invalid', 'no practice key is set on this computer');
    this.signer = keySigner(secret.bytes());
    this.clock = clock;
    this.turn = turn ?? (() => new Promise((resolve) => setTimeout(resolve)));
    this.opened = new Opened(address.practice, secret);
    const login = (challenge: string, url: string) =>
      signLogin(this.signer, challenge, url, Math.floor(clock.now() / 1_000));
    this.client = new RelayClient({ ...relay, address, clock, login });
    this.client.watch(({ is }) => this.connectionChanged(is === 'open'));
    this.client.start();
  }

  /** Calls back at once and at each change, until the returned function is called. */
  watch(see: (now: StaffSnapshot) => void): () => void {
    this.watchers.add(see);
    see(this.now());
    return () => this.watchers.delete(see);
  }

  /** Throws a `SessionError` of code `locked` after `lock`. */
  now(): StaffSnapshot {
    const { signer, client } = this;
    const opened = this.open();
    const view = opened.view(this.clock.now());
    const { publicKey: key } = signer;
    const member = view.suspended(key) ? null : view.member(key);
    const roster = colleagues(view, key, opened);
    const stranger = this.caught && member === null && client.status.is === 'open';
    const epoch = view.epoch();
    return {
      me: { key, npub: toNpub(key), name: roster.find(({ me }) => me)?.name ?? null },
      connection: stranger ? { is: 'refused', why: 'unknown-key', said: '' } : client.status,
      place: member && { role: member.role, words: member.words, home: homeOf(member.role) },
      roster,
      epoch: epoch && { n: epoch.n, holds: opened.holds(epoch) },
      policyWhole: opened.whole,
    };
  }

  /** The secrets that this person holds, for what is sealed and opened here. */
  keyring(): Keyring {
    return this.open().keyring;
  }

  /** The network is back, or the page is seen again. */
  poke(): void {
    this.client.poke();
  }

  /** Drops the key, the secrets and all that was read. */
  lock(): void {
    this.run += 1;
    this.opened = null;
    this.watchers.clear();
    this.client.stop();
  }

  private open(): Opened {
    if (this.opened === null) throw new SessionError('locked', 'the session is locked');
    return this.opened;
  }

  private connectionChanged(open: boolean): void {
    this.run += 1;
    this.caught = false;
    this.tell();
    if (!open) return;
    this.read(this.run).catch((error: unknown) => {
      // A connection that ends in between is told by the next status.
      if (!(error instanceof RelayError)) throw error;
    });
  }

  /** Reads all policy that there is, and stays with what comes. */
  private async read(run: number): Promise<void> {
    const filters: Filter[] = [
      { kinds: [...POLICY] },
      { kinds: [kinds.practiceKeyGrant], '#p': [this.signer.publicKey] },
      { kinds: [kinds.receipt], '#c': ['policy'] },
    ];
    const take = (events: readonly Event[]) => this.take(run, events);
    const live = this.client.live(filters, take, () => {});
    await live.open;
    for (const filter of filters) await this.client.stored(filter, take);
    if (run !== this.run || this.opened === null) return;
    this.caught = true;
    const epoch = this.opened.view(this.clock.now()).epoch();
    this.client.certify(epoch ? [epoch.receipts] : []);
    this.tell();
  }

  private async take(run: number, events: readonly Event[]): Promise<void> {
    if (run !== this.run) return;
    const fresh = await this.opened?.take(events, this.turn);
    if (run === this.run && fresh && this.caught) this.tell();
  }

  private tell(): void {
    if (this.opened === null || this.watchers.size === 0) return;
    const snapshot = this.now();
    for (const see of [...this.watchers]) see(snapshot);
  }
}

/** What was read, and the secrets that it brought. Nothing of it is reached after a lock. */
class Opened {
  private readonly secret: SecretKey;
  private readonly evidence = new Evidence();
  private readonly reader: Reader;
  private ring: Keyring | null = null;

  constructor(practice: Hex, secret: SecretKey) {
    this.secret = secret;
    const checked = (event: Event) => this.evidence.holds(event);
    this.reader = new Reader({ practice, held: Held.nothing(), sight: 'public', checked });
  }

  /** Whether anything of it was new and holds. */
  async take(events: readonly Event[], turn: () => Promise<void>): Promise<boolean> {
    const fresh = await this.evidence.take(events, turn);
    this.reader.add(fresh);
    this.ring = null;
    return fresh.length > 0;
  }

  view(milliseconds: number): View {
    return this.reader.book.policy.now(Math.floor(milliseconds / 1_000));
  }

  get whole(): boolean {
    return this.reader.book.policyState === 'whole';
  }

  /** From the 2101s to this person, walked back along the epochs that count. */
  get keyring(): Keyring {
    if (this.ring === null) {
      const counted = this.reader.book.policy.now(0).epochs();
      const epochs = counted.flatMap(({ event }) => this.evidence.get(event) ?? []);
      const grants = [...this.evidence.values()].filter(({ kind }) => kind === kinds.practiceKeyGrant);
      this.ring = Keyring.collect(this.secret, epochs, grants);
    }
    return this.ring;
  }

  holds(epoch: { readonly [of in Compartment]: Hex }): Compartment[] {
    const all: readonly Compartment[] = ['desk', 'chart', 'confidential'];
    return all.filter((compartment) => this.keyring.pairOf(epoch[compartment]) !== null);
  }

  event(id: Hex): Event | undefined {
    return this.evidence.get(id);
  }
}
