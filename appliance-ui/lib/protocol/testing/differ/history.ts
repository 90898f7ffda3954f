/**
 * The TypeScript side of `tests/src/differ/history.rs`: what policy makes of a history, who may read what, and what
 * each reader is shown. Signatures are the Rust code's own, and are compared elsewhere.
 */
import { Keyring } from '../../epochs.ts';
import { pTag } from '../../event.ts';
import { fold } from '../../fold.ts';
import { proofHolds } from '../../keys.ts';
import { kinds } from '../../kinds.ts';
import { ConversationKey } from '../../nip44.ts';
import { type Person, Policy, type ProofCheck, type View } from '../../policy.ts';
import { Held, type Outcome, Reader, type Sight } from '../../reader.ts';
import { chainName } from '../../receipts.ts';
import { Scope } from '../../scope.ts';
import { SecretKey } from '../../secret.ts';
import type { Event, Hex } from '../../types.ts';
import { summary } from './charts.ts';

interface ReaderInput {
  readonly sight: Sight;
  readonly secret: Hex;
  readonly rows: readonly (readonly [Hex, Hex, Hex])[];
}

export interface HistoryInput {
  readonly practice: Hex;
  readonly steps: readonly { readonly event: Event; readonly at: number; readonly received: number }[];
  readonly events: readonly Event[];
  readonly receipts: readonly Event[];
  readonly records: readonly Event[];
  readonly grants: readonly Event[];
  readonly asks: readonly (readonly [number, number])[];
  readonly readers: readonly ReaderInput[];
  readonly now: number | null;
  readonly people: readonly Hex[];
}

export function historyAnswer(input: HistoryInput): unknown {
  const policy = new Policy(input.practice, remembered());
  const verdicts = input.steps.map(({ event, at, received }) => policy.apply(event, at, received) ?? 'ok');
  const asks = input.asks.map(([at, time]) => {
    const view = policy.at(at, time);
    return {
      people: input.people.map((key) => standing(view, key)),
      practice: practice(view, input.records),
    };
  });
  const view = policy.now(0);
  const all = [...input.events, ...input.receipts, ...input.records];
  const scopes = input.people.map((key) => {
    const scope = Scope.of(view, key);
    return all.map((event) => (scope.permits(event) ? '1' : '0')).join('');
  });
  return { verdicts, asks, scopes, readers: input.readers.map((of) => readerAnswer(input, of, view, all)) };
}

/** A proof costs milliseconds here, and is asked for by every reader anew. */
function remembered(): ProofCheck {
  const known = new Map<string, boolean>();
  return (...proof) => {
    const name = proof.join(' ');
    const holds = known.get(name) ?? proofHolds(...proof);
    known.set(name, holds);
    return holds;
  };
}

function person(person: Person): unknown {
  switch (person.is) {
    case 'member': {
      const { role, words, name, entry } = person.member;
      return ['member', role, words, name, entry];
    }
    case 'agent': {
      const { service, kinds, compartments, patients, until, entry } = person.agent;
      return ['agent', service, kinds, compartments, patients, until, entry];
    }
    case 'patient':
    case 'own': {
      const { subject, former, own, entry } = person.patient;
      return [person.is, [subject, former, own, entry]];
    }
    case 'guardian':
      return [
        'guardian',
        person.links.map(({ child, compartments, until, entry }) => [child, compartments, until, entry]),
      ];
  }
  return person.is;
}

function standing(view: View, key: Hex): unknown {
  return [
    person(view.person(key)),
    view.suspended(key),
    view.barred(key),
    view.guardiansOf(key).map(({ guardian }) => guardian),
    view.guardiansEver(key),
    view.patientOfOwn(key)?.subject ?? null,
    view.everFamily(key),
    view.everSubject(key),
    view.sharesFor(key).map(({ entry }) => entry),
  ];
}

/** What a view says of the practice as a whole. */
function practice(view: View, records: readonly Event[]): unknown {
  const epochs = view.epochs();
  const grants = view
    .clientGrants()
    .map(({ client, subject, scopes, until, entry }) => [client, subject, scopes, until, entry]);
  const text = (value: unknown) => JSON.stringify(value);
  return {
    practice: view.practices(),
    'in force': view.practice(),
    epochs: epochs.map(({ n, event, chart, grace, at, received }) => [n, event, chart, grace, at, received]),
    current: epochs.map(({ desk, chart }) => [view.current(desk), view.current(chart)]),
    members: view.members().map(({ key }) => key),
    agents: view.agents().map(({ key }) => key),
    grants: grants.sort((one, other) => (text(one) < text(other) ? -1 : 1)),
    destroyed: records.map(({ id }) => view.destroyed(id)),
    patients: view
      .patients()
      .map(({ subject }) => subject)
      .sort(),
    public: view.publicSuspensions(),
  };
}

function some<T>(value: T | null): T {
  if (value === null) throw new Error('an input is not what it should be');
  return value;
}

/** What one reader is shown of what the relay delivers to it. */
function readerAnswer(input: HistoryInput, of: ReaderInput, view: View, all: readonly Event[]): unknown {
  const secret = some(SecretKey.fromHex(of.secret));
  const scope = Scope.of(view, secret.publicKey);
  const delivered = (event: Event) => of.sight === 'public' || scope.permits(event);
  const records = input.records.filter(delivered);
  const epochs = all.filter(({ kind }) => kind === kinds.practiceEpoch);
  const grants = input.grants.filter((grant) => pTag(grant, 0) === secret.publicKey);
  const rows = of.rows.map(([epochKey, subject, key]) => ({
    epochKey,
    subject,
    key: some(ConversationKey.fromHex(key)),
  }));
  const held = Held.person(secret)
    .withKeyring(Keyring.collect(secret, epochs, grants))
    .withRows(rows);
  const { practice, now } = input;
  const reader = new Reader({ practice, held, sight: of.sight, signed: () => true }, all.filter(delivered));
  const outcomes = reader.read(records, now);
  const { book } = reader;
  const chains = book.chains();
  const every = new Set(records.filter((_, at) => at % 2 === 0).map(({ id }) => id));
  const { k, destroyed, n } = reader.share(
    chains.map(({ chain }) => chain),
    every,
  );
  const sorted = [...outcomes].sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    policy: book.policyState,
    newest: book.policy.newest,
    chains: chains.map(({ chain, completeness, n, head, ids }) => [
      chainName(chain),
      completeness,
      n,
      head,
      ids,
    ]),
    share: [k, destroyed, n],
    charts: chartsOf(book.policy.now(0), outcomes),
    outcomes: sorted.map(([id, outcome]) => [id, outcomeJson(outcome)]),
  };
}

/** The chart of each patient whom this reader knows, by T. */
function chartsOf(view: View, outcomes: ReadonlyMap<Hex, Outcome>): unknown {
  const shown = [...outcomes.values()].flatMap((outcome) => (outcome.is === 'shown' ? [outcome.record] : []));
  const charts = view.patients().map(({ subject, former, own }) => {
    const line = new Set([...former, subject, ...(own === null ? [] : [own])]);
    return [subject, summary(fold(line, shown, 'complete'))];
  });
  return Object.fromEntries(charts);
}

function outcomeJson(outcome: Outcome): unknown {
  switch (outcome.is) {
    case 'alias':
      return { alias: outcome.of };
    case 'pending':
      return { pending: outcome.until };
    case 'quarantine':
      return outcome.reason;
    case 'sealed': {
      const { kind, signer, compartment, received } = outcome.sealed;
      return { sealed: [kind, signer, compartment, received] };
    }
    case 'shown': {
      const { record, marks, chain } = outcome;
      const { kind, signer, author, subject, compartment, aliases, resource, sign } = record;
      const { position, received, n } = record.order;
      return {
        kind,
        signer,
        author,
        subject,
        compartment,
        act: record.act && [record.act.r, record.act.same],
        aliases,
        resource,
        links: record.links.map(({ id, marker }) => [id, marker]),
        sign,
        order: [position, received, n],
        created: record.createdAt,
        marks: [marks.copiesDiffer, marks.unsigned, marks.outside, marks.former],
        chain: chainName(chain),
      };
    }
  }
}
