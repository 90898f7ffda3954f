/**
 * One patient's record from what the reader rule says of each event: shown, kept apart with a reason, pending,
 * sealed, and how much of the chains this is. Nothing else makes a chart.
 */
import { type Chart, type Coverage, fold, type Record } from '../protocol/fold.ts';
import { kinds } from '../protocol/kinds.ts';
import type { View } from '../protocol/policy/types.ts';
import type { Outcome } from '../protocol/reader.ts';
import type { ChainKey, Share } from '../protocol/receipts/types.ts';
import type { Compartment, Event, Hex } from '../protocol/types.ts';
import type { Apart, Checked, Completeness } from './api.ts';
import { signerAt } from './people.ts';
import type { Tied } from './subjects.ts';

type ClinicalChain = ChainKey & { readonly is: 'clinical' };

/** What judging needs of a reader. */
export interface Judge {
  read(events: readonly Event[], now: number | null): Map<Hex, Outcome>;
  share(chains: readonly ChainKey[], held: ReadonlySet<Hex>): Share;
  coverage(chains: readonly ChainKey[], outcomes: ReadonlyMap<Hex, Outcome>): Coverage;
  /** When the box received an event; null without a receipt that counts. */
  received(event: Event): number | null;
  /** Policy at a receipt, and now. */
  at(position: number, received: number): View;
  now(): View;
}

export interface Judged {
  readonly chart: Chart;
  readonly checked: ReadonlyMap<Hex, Checked>;
  readonly apart: readonly Apart[];
  readonly pending: number;
  readonly sealed: number;
  readonly completeness: Completeness;
  /** Unix seconds at which the first pending record is pending no more; null: none is. */
  readonly again: number | null;
}

export interface Question {
  readonly tied: Tied;
  readonly me: Hex;
  /** Candidates: whatever may be about this patient. */
  readonly events: readonly Event[];
  readonly now: number;
  /** False while stored events still come. */
  readonly loaded: boolean;
  /** Chart grants have come: the link is confirmed. */
  readonly confirmed: boolean;
  /** The number of a record in this session. */
  readonly number: (id: Hex) => number;
}

/** Whether an event can concern a patient: it is addressed to the line or the own key, or this reader's own. */
export function concerns(tied: Tied, me: Hex, event: Event): boolean {
  if (event.kind === kinds.confidential && tied.standing === 'guardian') return false;
  const named = event.tags.filter(([name]) => name === 'p').map(([, key]) => key ?? '');
  if (event.pubkey === me || named.includes(me)) return true;
  return named.some((key) => tied.line.includes(key) || (key === tied.own && key === me));
}

export function judgeChart(judge: Judge, question: Question): Judged {
  const { tied, me, events, now } = question;
  const outcomes = judge.read(events, now);
  const byId = new Map(events.map((event) => [event.id, event]));
  const line = new Set(tied.line);
  const tally = new Tally(judge, question, byId);
  for (const [id, outcome] of outcomes) tally.take(id, outcome, line);
  const chains = chainsOf(tied, me);
  const covered = judge.coverage(chains, outcomes);
  const names = tied.own === null ? line : new Set([...line, tied.own]);
  return {
    chart: fold(names, tally.records, coverage(question, covered)),
    checked: tally.checked,
    apart: tally.apart,
    pending: tally.pending,
    sealed: tally.sealed,
    completeness: completenessOf(question, judge, chains, tally.held, outcomes),
    again: tally.again,
  };
}

function coverage({ tied, loaded, confirmed }: Question, covered: Coverage): Coverage {
  if (!tied.compartments.includes('chart') || !confirmed) return 'not-loaded';
  return loaded ? covered : 'partial';
}

function completenessOf(
  { loaded }: Question,
  judge: Judge,
  chains: readonly ClinicalChain[],
  held: ReadonlySet<Hex>,
  outcomes: ReadonlyMap<Hex, Outcome>,
): Completeness {
  const { k, n, destroyed } = judge.share(chains, held);
  const desk = chains.filter(({ compartment }) => compartment === 'desk');
  const officeWhole = loaded && judge.coverage(desk, outcomes) === 'complete';
  const office = judge.share(desk, held);
  const health = judge.share(
    chains.filter(({ compartment }) => compartment !== 'desk'),
    held,
  );
  const absent = (share: Share): number => (share.n ?? 0) - share.k - share.destroyed;
  const missing = { office: absent(office), health: absent(health), since: health.since };
  return { k, n, destroyed, officeWhole, missing: n === null ? null : missing };
}

/** The chains of a patient that this reader may read. A guardian's holds nothing confidential, ever. */
function chainsOf(tied: Tied, me: Hex): ClinicalChain[] {
  const chain = (compartment: Compartment, subject: Hex): ClinicalChain => ({
    is: 'clinical',
    compartment,
    subject,
  });
  const shared = (['desk', 'chart'] as const).filter((compartment) =>
    tied.compartments.includes(compartment),
  );
  const chains = tied.line.flatMap((subject) => shared.map((compartment) => chain(compartment, subject)));
  const own = tied.standing !== 'guardian' && tied.own === me ? [chain('confidential', me)] : [];
  return [...chains, ...own];
}

class Tally {
  readonly records: Record[] = [];
  readonly checked = new Map<Hex, Checked>();
  readonly apart: Apart[] = [];
  /** Ids of events that hold, shown or not. */
  readonly held = new Set<Hex>();
  pending = 0;
  sealed = 0;
  again: number | null = null;
  private readonly judge: Judge;
  private readonly question: Question;
  private readonly events: ReadonlyMap<Hex, Event>;
  private readonly present: View;

  constructor(judge: Judge, question: Question, events: ReadonlyMap<Hex, Event>) {
    this.judge = judge;
    this.question = question;
    this.events = events;
    this.present = judge.now();
  }

  take(id: Hex, outcome: Outcome, line: ReadonlySet<Hex>): void {
    const event = this.events.get(id);
    if (!event) return;
    const broken = outcome.is === 'quarantine' && (outcome.reason === 'id' || outcome.reason === 'sig');
    if (!broken) this.held.add(id);
    switch (outcome.is) {
      case 'shown':
        // A message of this reader may be about another child of the family: it stands in that chart.
        if (line.has(outcome.record.subject)) this.show(outcome.record, outcome.marks);
        break;
      case 'alias':
        break;
      case 'pending':
        this.pending += 1;
        this.again = Math.min(this.again ?? outcome.until, outcome.until);
        break;
      case 'sealed':
        if (outcome.sealed.compartment !== 'confidential' || this.question.tied.standing !== 'guardian') {
          this.sealed += 1;
        }
        break;
      case 'quarantine':
        this.keepApart(event, outcome.reason);
        break;
    }
  }

  private keepApart(event: Event, reason: Apart['reason']): void {
    const received = this.judge.received(event);
    const signer = signerAt(this.present, this.present, event.pubkey, this.question.me);
    this.apart.push({ id: event.id, kind: event.kind, reason, signer, received });
  }

  private show(record: Record, marks: Checked['marks']): void {
    const { position, received } = record.order;
    const then = this.judge.at(position, received);
    this.records.push(record);
    this.checked.set(record.id, {
      id: record.id,
      m: this.question.number(record.id),
      signer: signerAt(then, this.present, record.signer, this.question.me),
      received,
      marks,
      compartment: record.compartment,
    });
  }
}
