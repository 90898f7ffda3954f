/** Runs `tests/vectors/reader.json`: every refusal with the same event mended, and what two readers are shown. */
import { expect, test } from 'vitest';
import { Keyring } from './epochs.ts';
import { signatureHolds } from './event.ts';
import { fold } from './fold.ts';
import { kinds } from './kinds.ts';
import { Held, type Outcome, Reader, reasons } from './reader.ts';
import type { ChainKey } from './receipts/types.ts';
import type { Event, Hex } from './types.ts';
import { rows, secretOf, vectors } from './vectors.ts';

const file = vectors<{
  readonly practice: Hex;
  readonly doctor: Hex;
  readonly patient: Hex;
  readonly grants: readonly Event[];
  readonly events: readonly Event[];
  readonly cases: readonly {
    readonly name: string;
    readonly reason: string;
    readonly event: Event;
    readonly mended: Event;
  }[];
  readonly shown: readonly {
    readonly name: string;
    readonly reader: 'doctor' | 'patient';
    readonly event: Event;
    readonly expect: unknown;
  }[];
  readonly coverage: {
    readonly patient: Hex;
    readonly events: readonly Event[];
    readonly cases: readonly {
      readonly name: string;
      readonly lacks: readonly Hex[];
      readonly expect: unknown;
    }[];
  };
}>('reader.json');
const { practice, events } = file;
const cases = rows(file.cases);

const epochs = events.filter(({ kind }) => kind === kinds.practiceEpoch);
const checked = new Map<string, boolean>();

/** As a worker keeps what it has checked. */
function signed({ sig, id, pubkey }: Event): boolean {
  const name = `${id} ${sig}`;
  const holds = checked.get(name) ?? signatureHolds(sig, id, pubkey);
  checked.set(name, holds);
  return holds;
}

function doctor(given = events): Reader {
  const held = Held.staff(Keyring.collect(secretOf(file.doctor), epochs, file.grants));
  return new Reader({ practice, held, sight: 'staff', signed }, given);
}

function patient(): Reader {
  return new Reader({ practice, held: Held.person(secretOf(file.patient)), sight: 'own', signed }, events);
}

function reasonOf(outcome: Outcome | undefined): string | undefined {
  return outcome?.is === 'quarantine' ? outcome.reason : outcome?.is;
}

const everything = doctor();

test.each(cases.map((row) => [row.name, row.reason, row] as const))(
  '"%s" is kept apart as %s, and shown when it is mended',
  (_, reason, { event, mended }) => {
    const outcomes = everything.read([event, mended], null);
    const alone = event.id === mended.id ? everything.read([event], null) : outcomes;
    expect(reasonOf(alone.get(event.id))).toBe(reason);
    expect(outcomes.get(mended.id)?.is).toBe('shown');
    expect(everything.read([mended, event], null)).toEqual(outcomes);
  },
);

test('the refusals of the vectors are all the reasons there are', () => {
  expect(new Set(cases.map(({ reason }) => reason))).toEqual(new Set(reasons));
});

test.each(rows(file.shown).map((row) => [row.name, row] as const))('the reader vector "%s"', (_, row) => {
  const reader = row.reader === 'doctor' ? everything : patient();
  const outcome = reader.read([row.event], null).get(row.event.id);
  if (outcome?.is !== 'shown') {
    expect(outcome?.is).toBe(row.expect);
    return;
  }
  const { record, marks } = outcome;
  expect({
    kind: record.kind,
    author: record.author,
    subject: record.subject,
    compartment: record.compartment,
    copies_differ: marks.copiesDiffer,
    unsigned: marks.unsigned,
  }).toEqual(row.expect);
});

test('policy and receipts may come in any order and in any pieces', () => {
  const all = [
    ...cases.flatMap(({ event, mended }) => [mended, event]),
    ...file.shown.map(({ event }) => event),
  ];
  const expected = everything.read(all, null);
  expect(doctor(events.toReversed()).read(all, null)).toEqual(expected);
  const slow = doctor([]);
  for (let from = 0; from < events.length; from += 10) {
    slow.add(events.slice(from, from + 10));
    slow.read(all, null);
  }
  expect(slow.read(all, null)).toEqual(expected);
  slow.add(events);
  expect(slow.read(all, null)).toEqual(expected);
});

test('events of policy and receipts whose id or signature does not hold are passed over', () => {
  const [shown] = file.shown;
  if (shown === undefined) throw new Error('no vector');
  const harmed = events.map((event) => ({ ...event, created_at: event.created_at + 1 }));
  const forged = events.map((event) => ({ ...event, sig: events[0]?.sig ?? '' })).slice(1);
  for (const given of [harmed, forged]) {
    expect(reasonOf(doctor(given).read([shown.event], null).get(shown.event.id))).toBe('no-receipt');
  }
  expect(
    doctor([...harmed, ...events])
      .read([shown.event], null)
      .get(shown.event.id)?.is,
  ).toBe('shown');
});

test('each signature is asked for once, and never that of an event with a wrong id', () => {
  const asked: Hex[] = [];
  const ask = (event: Event) => {
    asked.push(event.id);
    return signed(event);
  };
  const held = Held.person(secretOf(file.patient));
  const reader = new Reader({ practice, held, sight: 'own', signed: ask }, events);
  const records = [...new Map(file.shown.map(({ event }) => [event.id, event])).values()];
  const [first] = records;
  if (first === undefined) throw new Error('no vector');
  const planted = { ...first, content: 'other' };
  reader.read([planted, ...records], null);
  reader.read([planted, ...records], 5);
  expect(reasonOf(reader.read([planted], null).get(planted.id))).toBe('id');
  const known = [...events, ...records].map(({ id }) => id);
  expect(asked.toSorted()).toEqual(known.toSorted());
});

test('a record without receipt is pending for ten minutes from when this reader first saw it', () => {
  const lost = cases.find(({ name }) => name === 'no receipt')?.event;
  if (lost === undefined) throw new Error('no vector');
  const reader = doctor();
  expect(reader.read([lost], 1_000).get(lost.id)).toEqual({ is: 'pending', until: 1_600 });
  expect(reader.read([lost], 1_599).get(lost.id)).toEqual({ is: 'pending', until: 1_600 });
  expect(reasonOf(reader.read([lost], 1_600).get(lost.id))).toBe('no-receipt');
  expect(reasonOf(reader.read([lost], null).get(lost.id))).toBe('no-receipt');
  const later = doctor();
  later.read([lost], 1_500);
  later.remember(reader);
  expect(reader.read([lost], 1_000).get(lost.id)).toEqual({ is: 'pending', until: 1_600 });
  expect(reasonOf(later.read([lost], 1_600).get(lost.id))).toBe('no-receipt');
});

test('without a key a record is sealed, and keys that come later open it', () => {
  const [shown] = file.shown;
  if (shown === undefined) throw new Error('no vector');
  const reader = new Reader({ practice, held: Held.nothing(), sight: 'staff', signed }, events);
  const sealed = reader.read([shown.event], null).get(shown.event.id);
  expect(sealed).toMatchObject({ is: 'sealed', sealed: { kind: shown.event.kind, compartment: 'chart' } });
  expect(JSON.stringify(sealed)).not.toContain('resource');
  reader.hold(Held.staff(Keyring.collect(secretOf(file.doctor), epochs, file.grants)));
  expect(reader.read([shown.event], null).get(shown.event.id)?.is).toBe('shown');
});

test('of a chain this reader says how many it holds of how many there are', () => {
  const records = file.shown.map(({ event }) => event);
  const outcomes = everything.read(records, null);
  const chains = [...outcomes.values()].flatMap((outcome) => (outcome.is === 'shown' ? [outcome.chain] : []));
  const all = everything.book.chains().flatMap(({ chain, ids }) => (chain.is === 'clinical' ? ids : []));
  const share = everything.share([...chains, ...chains], new Set(all));
  expect(share.n).toBe(share.k);
  expect(share.k).toBeGreaterThan(records.length);
  expect(everything.share(chains, new Set()).k).toBe(0);
  expect(
    everything.share([{ is: 'clinical', compartment: 'desk', subject: 'ab'.repeat(32) }], new Set()),
  ).toEqual({
    k: 0,
    destroyed: 0,
    n: 0,
    since: null,
  });
});

test.each(rows(file.coverage.cases).map((row) => [row.name, row] as const))(
  'what is said of a record when %s',
  (_, { lacks, expect: expected }) => {
    const secret = secretOf(file.coverage.patient);
    const t = secret.publicKey;
    const reader = new Reader({ practice, held: Held.person(secret), sight: 'own', signed }, events);
    const here = file.coverage.events.filter(({ id }) => !lacks.includes(id));
    const outcomes = reader.read(here, null);
    const chains = (['desk', 'chart'] as const).map(
      (compartment): ChainKey => ({ is: 'clinical', compartment, subject: t }),
    );
    const { k, n, since } = reader.share(chains, new Set(outcomes.keys()));
    const coverage = reader.coverage(chains, outcomes);
    const records = [...outcomes.values()].flatMap((one) => (one.is === 'shown' ? [one.record] : []));
    const { state } = fold(new Set([t]), records, coverage).allergies;
    const allergies = state.is === 'none-known' ? { 'none-known': state.of } : state.is;
    expect({ coverage, k, n, since, allergies }).toEqual(expected);
    const waiting = new Map([...outcomes, ['ab'.repeat(32), { is: 'pending', until: 1 } as const]]);
    expect(reader.coverage(chains, waiting)).toBe('partial');
  },
);
