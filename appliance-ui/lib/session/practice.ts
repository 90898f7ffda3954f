/**
 * One person at one practice: the relay, what it shows, and what this device keeps of it.
 *
 * The relay is believed in nothing but one thing: that what it does not show any more is not to be read any more.
 * Everything else is checked by the reader rule, so that a relay that lies costs time and no truth.
 */
import { kinds } from '../protocol/kinds.ts';
import type { Event, Hex } from '../protocol/types.ts';
import { type ClientOptions, RelayClient } from '../relay/client.ts';
import type { Clock } from '../relay/clock.ts';
import { type Filter, matches } from '../relay/frames.ts';
import type { ChartView, Connection, MayRead, PracticeAddress, Subject } from './api.ts';
import { namedPatients, ownFilters, policyFilters, registrationFilters, subjectFilters } from './ask.ts';
import type { Keep, Part } from './keep.ts';
import { type HeldRecord, Records, type RecordsOptions } from './records.ts';
import { type Signer, signLogin } from './signer.ts';

export interface PracticeOptions
  extends Pick<RecordsOptions, 'turn' | 'numberOf' | 'changed' | 'chartChanged'> {
  readonly address: PracticeAddress;
  readonly signer: Signer;
  readonly clock: Clock;
  /** Where records are kept on this device; null: nowhere. */
  readonly keep: Keep | null;
  /** What the relay client takes beside address and login. */
  readonly relay: Partial<ClientOptions>;
  /** How often the relay is asked whether each record is still to be read, in milliseconds. */
  readonly accessMs?: number;
}

/** Events after which a record that still loads is shown for the first time; doubles. */
const FIRST_SHOWN = 400;
const ACCESS_MS = 20_000;

export class Practice {
  private readonly options: PracticeOptions;
  private readonly client: RelayClient;
  private readonly records: Records;
  private keep: Keep | null;
  private keeping: boolean;
  private unsaved: Event[] = [];
  private heardAt: number | null = null;
  private unknown = false;
  /** Tells the reading of an old connection from that of a new one. */
  private run = 0;
  /** Patients whose stored events have been read over this connection. */
  private readonly read = new Set<Hex>();
  /** Whose news this connection brings, to tell when somebody is to be added. */
  private followed = '';
  private catching = false;
  /** Everything has been read over this connection: what comes now is all that is new. */
  private caught = false;
  private cancelAccess = () => {};
  private closeLive = () => {};

  constructor(options: PracticeOptions) {
    this.options = options;
    this.keep = options.keep;
    this.keeping = options.keep !== null;
    this.records = new Records({
      ...options,
      practice: options.address.practice,
      ended: (held) => void this.forget(held),
    });
    this.client = new RelayClient({
      ...options.relay,
      address: options.address,
      clock: options.clock,
      login: (challenge, url) => signLogin(options.signer, challenge, url, this.now()),
    });
    this.client.watch((status) => this.connectionChanged(status));
  }

  get address(): PracticeAddress {
    return this.options.address;
  }

  get connection(): Connection {
    const { status } = this.client;
    return status.is === 'open' && this.unknown ? { is: 'refused', why: 'unknown-key', said: '' } : status;
  }

  get policyWhole(): boolean {
    return this.records.reading.whole;
  }

  get heard(): number | null {
    return this.heardAt;
  }

  get keeps(): boolean {
    return this.keeping;
  }

  /** What the practice calls itself in its profile, else what its box says. */
  get name(): string | null {
    const { evidence, reading } = this.records;
    return reading.practiceName(evidence.values()) ?? this.address.name ?? this.client.box?.name ?? null;
  }

  get subjects(): Subject[] {
    return this.records.subjects;
  }

  chart(key: Hex): ChartView | null {
    const open = this.client.status.is === 'open';
    return this.records.chart(key, ({ root }) =>
      open && this.read.has(root) ? this.now() : (this.heardAt ?? 0),
    );
  }

  mayRead(key: Hex): MayRead[] {
    return this.records.mayRead(key);
  }

  /** Reads what the device keeps, then goes to the relay. */
  async start(): Promise<void> {
    try {
      const kept = await this.keep?.load();
      this.heardAt = kept?.heard ?? null;
      if (kept && kept.events.length > 0) await this.records.trust(kept.events, kept.heard !== null);
    } catch {
      this.keeping = false;
    }
    this.client.start();
  }

  stop(): void {
    this.run += 1;
    this.cancelAccess();
    this.closeLive();
    this.records.stop();
    this.client.stop();
  }

  /** From now on records are kept here, those that were read before too. */
  async settle(keep: Keep): Promise<void> {
    this.keep = keep;
    this.keeping = true;
    this.unsaved = [...this.records.evidence.values()];
    await this.save();
    await this.noteHeard();
  }

  /** It is this tab's turn to keep: what it read while another one did is kept as well. */
  async turned(): Promise<void> {
    await this.save();
    await this.noteHeard();
  }

  /** The network is back, or the page is seen again. */
  poke(): void {
    this.client.poke();
  }

  private now(): number {
    return Math.floor(this.options.clock.now() / 1_000);
  }

  private connectionChanged(status: Connection): void {
    this.closeLive();
    this.closeLive = () => {};
    this.cancelAccess();
    this.run += 1;
    this.read.clear();
    this.followed = '';
    this.catching = false;
    this.caught = false;
    if (status.is === 'open') {
      // A connection that ends in between is told by the next status.
      this.sync(this.run).catch(() => {});
    } else if (status.is === 'refused' && status.why === 'ended') {
      for (const held of this.records.open) this.records.end(held);
    }
    this.options.changed();
    for (const { tied } of this.records.people) this.options.chartChanged(tied.key);
  }

  /** The key of the address, and the one that the box names now: after a succession the new one signs the profile. */
  private practices(): readonly Hex[] {
    const now = this.client.box?.practice ?? this.address.practice;
    return [...new Set([this.address.practice, now])];
  }

  /** Reads everything there is, and stays with what comes. */
  private async sync(run: number): Promise<void> {
    await this.follow(run);
    for (const filter of policyFilters(this.practices())) await this.readStored(filter);
    await this.records.settled();
    if (run !== this.run) return;
    this.unknown = this.records.reading.now().epoch() === null;
    this.client.certify(this.records.reading.boxKeys());
    this.options.changed();
    if (this.unknown) {
      this.askAgain(run);
      return;
    }
    for (const filter of ownFilters(this.options.signer.publicKey)) await this.readStored(filter);
    await this.catchUp(run);
    this.watchAccess(run);
  }

  /** A key that nobody knows may be signed in while its holder waits, at the desk or at home. */
  private askAgain(run: number): void {
    this.cancelAccess();
    this.cancelAccess = this.options.clock.after(this.options.accessMs ?? ACCESS_MS, () => {
      if (run === this.run) this.sync(run).catch(() => {});
    });
  }

  /** Reads whatever was not read over this connection, until nobody is left: a link may come while reading. */
  private async catchUp(run: number): Promise<void> {
    if (this.catching) return;
    this.catching = true;
    try {
      // Once over each connection at least: a key that was just signed in is followed, and nobody was asked about yet.
      for (let first = !this.caught; run === this.run && (first || this.missing()); first = false) {
        const named = namedPatients(this.records.evidence.values());
        await this.follow(run);
        for (const filter of registrationFilters(named)) await this.readStored(filter);
        await this.records.settled();
        const unread = this.records.open.filter(({ root }) => !this.read.has(root));
        for (const held of unread) if (!held.loaded) held.loading ??= { done: 0, total: null };
        this.options.changed();
        for (const held of unread) if (run === this.run) await this.load(run, held);
      }
      if (run !== this.run) return;
      await this.save();
      if (run !== this.run) return;
      this.caught = true;
      await this.noteHeard(this.now());
      this.options.changed();
    } finally {
      if (run === this.run) this.catching = false;
    }
  }

  private missing(): boolean {
    return this.following() !== this.followed || this.records.open.some(({ root }) => !this.read.has(root));
  }

  /** Every key whose records or registration this reader follows. */
  private following(): string {
    const named = namedPatients(this.records.evidence.values());
    const lines = this.records.open.flatMap(({ tied }) => tied.line);
    return [...[...named].sort(), '|', ...lines.sort()].join();
  }

  private async load(run: number, held: HeldRecord): Promise<void> {
    let shown = FIRST_SHOWN;
    for (const filter of subjectFilters(held.tied.line)) {
      await this.readStored(filter, (count) => {
        if (held.loading === null) return;
        held.loading.done += count;
        if (held.loading.done < shown) return;
        shown *= 2;
        this.records.touch(held);
      });
    }
    await this.records.settled();
    if (run !== this.run) return;
    this.read.add(held.root);
    if (held.ended !== null) return;
    const whole = held.loaded && held.loading === null;
    held.loading = null;
    held.loaded = true;
    // Where nothing came beside what is kept, only the time of the copy is new.
    if (!whole) this.records.touch(held);
    this.records.judgeNow();
    if (whole) this.options.chartChanged(held.tied.key);
    await this.save();
  }

  /** One live subscription for all that this reader may read of each patient known now. */
  private async follow(run: number): Promise<void> {
    const followed = this.following();
    const line = this.records.open.flatMap(({ tied }) => tied.line);
    const filters: Filter[] = [
      ...policyFilters(this.practices()),
      ...ownFilters(this.options.signer.publicKey),
      ...registrationFilters(namedPatients(this.records.evidence.values())),
      ...(line.length > 0 ? subjectFilters(line) : []),
    ];
    const before = this.closeLive;
    const live = this.client.live(
      filters,
      (events) => this.takeNews(run, events),
      () => {},
    );
    this.closeLive = () => live.close();
    await live.open;
    before();
    if (run === this.run) this.followed = followed;
    else live.close();
  }

  private async takeNews(run: number, events: readonly Event[]): Promise<void> {
    await this.take(events);
    if (run !== this.run) return;
    if (this.unknown) {
      this.cancelAccess();
      this.sync(run).catch(() => {});
      return;
    }
    await this.save();
    if (this.caught && run === this.run) await this.noteHeard(this.now());
    // Not awaited: what is read now must not hold up the news after it.
    if (this.missing()) this.catchUp(run).catch(() => {});
  }

  private readStored(filter: Filter, progress?: (count: number) => void): Promise<boolean> {
    const known = [...this.records.evidence.values()].filter((event) => matches(filter, event));
    return this.client.rest(filter, known, async (events) => {
      await this.take(events);
      progress?.(events.length);
    });
  }

  private async take(events: readonly Event[]): Promise<void> {
    for (const event of await this.records.take(events)) this.unsaved.push(event);
  }

  /**
   * A suspension names a link by its id and reaches its guardian in no event. So the relay is asked now and then
   * whether a registration that it showed is still to be read; two noes in a row count.
   */
  private watchAccess(run: number): void {
    this.cancelAccess();
    this.cancelAccess = this.options.clock.after(this.options.accessMs ?? ACCESS_MS, () => {
      this.askAccess(run).then(
        () => run === this.run && this.watchAccess(run),
        () => {},
      );
    });
  }

  private async askAccess(run: number): Promise<void> {
    for (const held of this.records.open) {
      if (held.tied.standing !== 'guardian' || !held.judged?.chart.demographics) continue;
      const registration: Filter = { kinds: [kinds.patient], '#p': held.tied.line, limit: 1 };
      const readable = async () => (await this.client.ask([registration], 1)).length > 0;
      if ((await readable()) || (await readable())) continue;
      if (run === this.run) this.records.end(held);
    }
  }

  private async noteHeard(at = this.heardAt): Promise<void> {
    this.heardAt = at;
    // A copy in which something is missing keeps its older time, which is true as well; so it does when this fails.
    if (at === null || !this.keeping || this.unsaved.length > 0) return;
    await this.keep?.heard(at).catch(() => {});
  }

  private async save(): Promise<void> {
    const { keep } = this;
    if (!keep?.mine || !this.keeping) return;
    const parts = new Map<string, { readonly part: Part; readonly events: Event[] }>();
    for (const event of this.unsaved.splice(0)) {
      const part = this.records.partOf(event);
      if (!part) continue;
      const name = part.is === 'subject' ? part.key : part.is;
      const entry = parts.get(name) ?? { part, events: [] };
      parts.set(name, entry);
      entry.events.push(event);
    }
    try {
      for (const { part, events } of parts.values()) await keep.add(part, events);
    } catch {
      this.keeping = false;
      this.options.changed();
    }
  }

  /** What is kept of a patient whose record is closed now, and of letters about the patient. */
  private async forget(held: HeldRecord): Promise<void> {
    const { evidence } = this.records;
    this.unsaved = this.unsaved.filter(({ id }) => evidence.get(id) !== undefined);
    const own = [...evidence.values()].filter((event) => this.records.partOf(event)?.is === 'own');
    // Failing to remove is failing to keep: the device is told as one that refuses.
    try {
      await this.keep?.replace({ is: 'subject', key: held.root }, []);
      await this.keep?.replace({ is: 'own' }, own);
    } catch {
      this.keeping = false;
      this.options.changed();
    }
  }
}
