/**
 * What is proved of one practice, and the record of each patient whom its policy ties to this person's key. Events
 * come in; subjects and charts come out. It knows no relay and no storage.
 */
import { kinds } from '../protocol/kinds.ts';
import type { Event, Hex } from '../protocol/types.ts';
import type { Clock } from '../relay/clock.ts';
import type { ChartView, MayRead, Subject } from './api.ts';
import { isRecordKind, movesPolicy } from './ask.ts';
import { concerns, type Judged, judgeChart } from './chart.ts';
import { Evidence } from './evidence.ts';
import type { Part } from './keep.ts';
import { mayRead } from './people.ts';
import { Reading } from './reading.ts';
import type { Signer } from './signer.ts';
import { type Names, namesOf, noNames, type Tied, tiesOf, twinsOf } from './subjects.ts';

export interface RecordsOptions {
  readonly practice: Hex;
  readonly signer: Signer;
  readonly clock: Clock;
  /** Lets messages and timers have a turn. */
  readonly turn: () => Promise<void>;
  /** Numbers that never repeat within the session. */
  readonly numberOf: (what: 'subject' | 'record', id: string) => number;
  /** Subjects, or what stands beside them, changed. */
  readonly changed: () => void;
  /** The record of this patient (T in force) changed. */
  readonly chartChanged: (key: Hex) => void;
  /** Access to a patient's record ended: what is kept of it must go. */
  readonly ended: (held: HeldRecord) => void;
}

/** A patient in this session, tied to the key now or before. */
export interface HeldRecord {
  /** The first T of the line: the same patient, whatever key is in force. */
  readonly root: Hex;
  tied: Tied;
  names: Names;
  /** Unix seconds; null while access is open. */
  ended: number | null;
  judged: Judged | null;
  /** All stored events have been read once, over this connection or an earlier one. */
  loaded: boolean;
  loading: { done: number; total: number | null } | null;
}

/** Milliseconds for which changes gather before records are judged anew. */
const GATHER_MS = 30;
/** Longest time a timer can wait for. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export class Records {
  readonly evidence = new Evidence();
  readonly reading: Reading;
  private readonly options: RecordsOptions;
  private readonly byRoot = new Map<Hex, HeldRecord>();
  private readonly dirty = new Set<Hex>();
  private cancelJudge = () => {};
  private cancelEnd = () => {};
  private intake: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(options: RecordsOptions) {
    this.options = options;
    this.reading = new Reading(options.practice, options.signer, (event) => this.evidence.holds(event));
  }

  stop(): void {
    this.stopped = true;
    this.cancelJudge();
    this.cancelEnd();
  }

  /** Everybody, also those whose access ended within this session. */
  get people(): HeldRecord[] {
    return [...this.byRoot.values()];
  }

  get open(): HeldRecord[] {
    return this.people.filter(({ ended }) => ended === null);
  }

  get subjects(): Subject[] {
    const twins = twinsOf(this.people.map(({ tied, names }) => ({ key: tied.key, names })));
    return this.people.map((held) => this.subject(held, twins.get(held.tied.key) ?? null));
  }

  /** `asOf` says since when this is known to be all, by record. */
  chart(key: Hex, asOf: (held: HeldRecord) => number): ChartView | null {
    const held = this.find(key);
    const subject = held?.judged && this.subjects.find((subject) => subject.key === key);
    if (!held?.judged || !subject) return null;
    const { chart, checked, apart, pending, sealed, completeness } = held.judged;
    const loading = held.loading === null ? null : { ...held.loading };
    return { subject, chart, checked, apart, pending, sealed, completeness, loading, asOf: asOf(held) };
  }

  mayRead(key: Hex): MayRead[] {
    const held = this.find(key);
    if (!held || held.ended !== null) return [];
    const entry = (id: Hex) => this.evidence.get(id);
    return mayRead(this.reading.now(this.now()), key, held.tied.compartments, this.me, entry);
  }

  /** Takes events that this device has checked and kept; `whole` says that they were once all. */
  async trust(events: readonly Event[], whole: boolean): Promise<void> {
    this.evidence.trust(events);
    await this.fold(events);
    const kept = new Set(
      events.map((event) => this.partOf(event)).map((part) => (part?.is === 'subject' ? part.key : '')),
    );
    for (const held of this.people) {
      held.loaded = whole && kept.has(held.root);
      if (kept.has(held.root)) held.loading = null;
    }
  }

  /** Takes events from a relay, one batch after another. Gives back those that are new and hold. */
  take(events: readonly Event[]): Promise<readonly Event[]> {
    const run = this.intake.then(async () => {
      if (this.stopped) return [];
      const broken = this.evidence.brokenCount;
      const fresh = await this.evidence.take(events, this.options.turn);
      if (fresh.length > 0) await this.fold(fresh);
      // What does not hold is named among what is kept apart.
      if (this.evidence.brokenCount > broken) for (const held of this.people) this.touch(held);
      return fresh;
    });
    this.intake = run.catch(() => {});
    return run;
  }

  /** Resolves when everything taken so far has had its effect. */
  async settled(): Promise<void> {
    await this.intake;
  }

  /** The record is to be judged anew soon. */
  touch(held: HeldRecord): void {
    if (held.ended !== null) return;
    this.dirty.add(held.root);
    this.cancelJudge();
    this.cancelJudge = this.options.clock.after(GATHER_MS, () => this.judgeNow());
  }

  judgeNow(): void {
    this.cancelJudge();
    const roots = [...this.dirty];
    this.dirty.clear();
    for (const root of roots) {
      const held = this.byRoot.get(root);
      if (!held || held.ended !== null) continue;
      held.judged = this.judge(held);
      held.names = namesOf(held.judged.chart);
      this.options.chartChanged(held.tied.key);
    }
    if (roots.length > 0) this.options.changed();
  }

  /** Access ended: nothing of the record stays in memory, and the owner removes what is kept. */
  end(held: HeldRecord): void {
    if (held.ended !== null) return;
    held.ended = this.now();
    const line = new Set(held.tied.line);
    const shown = held.judged?.checked;
    this.evidence.forget((event) => {
      const named = event.tags.some(([name, key]) => name === 'p' && line.has(key ?? ''));
      return isRecordKind(event.kind) && (named || shown?.has(event.id) === true);
    });
    held.loaded = false;
    held.loading = null;
    held.judged = this.judge(held);
    this.options.ended(held);
    this.options.changed();
    this.options.chartChanged(held.tied.key);
  }

  /**
   * Where an event is kept: with its patient, so that it can be removed alone. Null: of a patient whose record is
   * closed nothing is kept.
   */
  partOf(event: Event): Part | null {
    const named = event.tags.filter(([name]) => name === 'p').map(([, key]) => key ?? '');
    for (const { root, tied, ended } of this.people) {
      if (!named.some((key) => tied.line.includes(key))) continue;
      return ended === null ? { is: 'subject', key: root } : null;
    }
    return isRecordKind(event.kind) || event.kind === kinds.receipt ? { is: 'own' } : { is: 'policy' };
  }

  private get me(): Hex {
    return this.options.signer.publicKey;
  }

  private now(): number {
    return Math.floor(this.options.clock.now() / 1_000);
  }

  private find(key: Hex): HeldRecord | undefined {
    return this.people.find(({ tied }) => tied.key === key);
  }

  /** What new events do: policy is read anew, and records are judged. */
  private async fold(fresh: readonly Event[]): Promise<void> {
    await this.reading.take(fresh);
    // A registration counts by its receipt in the patient's own chain: every receipt may move policy.
    if (fresh.some((event) => event.kind === kinds.receipt || movesPolicy(event))) {
      this.tie();
      for (const held of this.people) this.touch(held);
      return;
    }
    for (const held of this.people) {
      if (fresh.some((event) => concerns(held.tied, this.me, event))) this.touch(held);
    }
  }

  /** Compares whom policy ties to this key with whom it tied before. */
  private tie(): void {
    const ties = tiesOf(this.reading.now(this.now()), this.me);
    const roots = new Set<Hex>();
    for (const tied of ties) {
      const root = tied.line[0] ?? tied.key;
      roots.add(root);
      const held = this.byRoot.get(root);
      if (held) {
        held.tied = tied;
        held.ended = null;
      } else {
        // Nothing has come yet: a page must not take that for an empty record.
        const loading = { done: 0, total: null };
        const fresh = { names: noNames, ended: null, judged: null, loaded: false, loading };
        this.byRoot.set(root, { root, tied, ...fresh });
      }
    }
    for (const held of this.people) if (!roots.has(held.root)) this.end(held);
    this.watchEnd(ties);
    this.options.changed();
  }

  /** Links with an end are looked at again when it comes. */
  private watchEnd(ties: readonly Tied[]): void {
    this.cancelEnd();
    const ends = ties.flatMap(({ until }) => (until === null ? [] : [until]));
    if (ends.length === 0) return;
    const wait = Math.max(Math.min(...ends) * 1_000 - this.options.clock.now(), 0) + 1;
    this.cancelEnd = this.options.clock.after(Math.min(wait, TIMER_MAX_MS), () => this.tie());
  }

  private judge(held: HeldRecord): Judged {
    const { tied } = held;
    const about = (event: Event) => isRecordKind(event.kind) && concerns(tied, this.me, event);
    const all = held.ended === null ? [...this.evidence.values(), ...this.evidence.damaged()] : [];
    const judged = judgeChart(this.reading, {
      tied,
      me: this.me,
      events: all.filter(about),
      now: this.now(),
      loaded: held.loaded,
      confirmed: this.reading.opensChart(tied),
      number: (id) => this.options.numberOf('record', id),
    });
    if (judged.again !== null) {
      const wait = Math.max(judged.again * 1_000 - this.options.clock.now(), 0) + 1;
      this.options.clock.after(wait, () => !this.stopped && this.touch(held));
    }
    return judged;
  }

  private subject(held: HeldRecord, twin: string | null): Subject {
    const { tied, names, ended } = held;
    const { key, standing, compartments } = tied;
    const waits = compartments.includes('chart') && !this.reading.opensChart(tied);
    return {
      n: this.options.numberOf('subject', `${this.options.practice} ${held.root}`),
      key,
      standing,
      ...names,
      twin,
      compartments,
      access: ended !== null ? { is: 'ended', at: ended } : { is: waits ? 'waits' : 'open' },
    };
  }
}
