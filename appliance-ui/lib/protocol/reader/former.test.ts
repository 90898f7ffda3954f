/**
 * A database of the former suite opens for practice, patient and guardian and folds to its chart
 * (`tests/vectors/legacy-chart.json`).
 */
import { expect, test } from 'vitest';
import { Keyring } from '../epochs.ts';
import { sign } from '../event.ts';
import {
  activeAllergies,
  type Chart,
  currentVersion,
  fold,
  type Item,
  type Record,
  statusOf,
} from '../fold.ts';
import type { GrantRow } from '../grants.ts';
import { prove } from '../keys.ts';
import { kinds } from '../kinds.ts';
import { ConversationKey } from '../nip44.ts';
import { Held, Reader, type Sight } from '../reader.ts';
import { orThrow } from '../result.ts';
import { Practice } from '../testing/practice.ts';
import { keys } from '../testing.ts';
import type { Event, Hex } from '../types.ts';
import { rows, secretOf, vectors } from '../vectors.ts';

interface Pair {
  readonly secret: Hex;
  readonly public: Hex;
}

const file = vectors<{
  readonly practice: Pair;
  readonly child: Pair;
  readonly guardian: Pair;
  readonly signers: readonly Hex[];
  readonly guardian_events: readonly Hex[];
  readonly damaged: Hex;
  readonly outcomes: readonly string[];
  readonly chart: { readonly [list: string]: unknown };
  readonly events: readonly Event[];
}>('legacy-chart.json');
const events = rows(file.events);
const p0 = secretOf(file.practice.secret);
const child = secretOf(file.child.secret);
const guardian = secretOf(file.guardian.secret);
const [T, G] = [child.publicKey, guardian.publicKey];

function conv(to: Hex): ConversationKey {
  return orThrow(ConversationKey.derive(p0, to));
}

function row(subject: Hex): GrantRow {
  return { epochKey: p0.publicKey, subject, key: conv(subject) };
}

/** Epoch 0 with its signers, the child's registration, its guardian's link, and one receipt for the chain. */
function imported(called = true): Practice {
  const practice = Practice.staffed();
  practice.importEpoch(p0.publicKey, file.signers);
  practice.grantLegacy('doctor', conv(p0.publicKey).bytes());
  const { now, random } = practice;
  const pop = prove(child, practice.key('practice'), 'subject', random);
  const proof = ['pop', T, pop];
  const registration = sign(
    keys('desk'),
    kinds.patient,
    [['p', practice.pair('desk').public], ['p', T], ['enc', 'nip44-dual'], proof],
    'sealed',
    now,
  );
  practice.take(registration);
  const link = sign(
    keys('desk'),
    kinds.guardianLink,
    [
      ['p', T, 'child'],
      ['p', G, 'guardian'],
      ['compartments', 'desk', 'chart'],
      ['pop', G, prove(guardian, practice.key('practice'), 'guardian', random)],
    ],
    'sealed',
    now,
  );
  practice.take(link);
  practice.now += 10;
  const imports = events.map(({ id }) => ({ id, received: practice.now, import: called }));
  const chain = { is: 'clinical', compartment: 'chart', subject: T } as const;
  practice.box.write(chain, practice.pair('chart').public, imports, practice.now);
  return practice;
}

const practice = imported();

function reader(held: Held, sight: Sight): Reader {
  return new Reader({ practice: practice.key('practice'), held, sight }, practice.material);
}

function keyring(): Keyring {
  const epochs = practice.events.filter(({ kind }) => kind === kinds.practiceEpoch);
  const own = practice.grants.filter(({ tags }) => tags[0]?.[1] === practice.key('doctor'));
  return Keyring.collect(keys('doctor'), epochs, own);
}

/** Outcomes by name, and the chart of what is shown. */
function read(by: Reader): { readonly outcomes: readonly string[]; readonly chart: Chart } {
  const out = by.read(events, null);
  const records: Record[] = [];
  const outcomes = events.map(({ id }) => {
    const outcome = out.get(id);
    if (outcome?.is === 'quarantine') return outcome.reason;
    if (outcome?.is !== 'shown') return outcome?.is ?? 'nothing';
    expect(outcome.marks).toEqual({ former: true, copiesDiffer: false, unsigned: false, outside: false });
    expect(outcome.record.author).toBe('former');
    records.push(outcome.record);
    return 'shown';
  });
  return { outcomes, chart: fold(new Set([T]), records, 'complete') };
}

const ids = (items: readonly Item[]) => items.map(({ id }) => id);
const versions = (item: Item) => item.versions.map(({ record }) => record.id);

function status(item: Item): string | null {
  const current = currentVersion(item);
  return current && statusOf(current);
}

function summary(chart: Chart): { readonly [list: string]: unknown } {
  const withStatus = (items: readonly Item[]) =>
    items.map((item) => ({ id: item.id, status: status(item), versions: versions(item) }));
  return {
    demographics: chart.demographics && versions(chart.demographics),
    encounters: chart.encounters.map(({ item, addenda }) => ({ id: item.id, addenda: ids(addenda) })),
    problems: withStatus(chart.problems),
    observations: ids(chart.observations),
    active_allergies: ids(activeAllergies(chart.allergies)),
    withdrawn: chart.withdrawn.map((item) => ({ id: item.id, versions: versions(item) })),
    medications: withStatus(chart.medications),
    immunizations: ids(chart.immunizations),
    orders: chart.orders.map(({ item, state }) => ({ id: item.id, state })),
    reports: ids(chart.reports),
    documents: ids(chart.documents),
    threads: chart.threads.map(({ id, messages }) => ({ id, messages: ids(messages) })),
    unresolved: chart.unresolved.map(({ id, names, why }) => [id, names, why]),
  };
}

/** What persons get: the damaged note has no copy for them, and what the guardian wrote is sealed to the child. */
function ofCopies(isChild: boolean): readonly string[] {
  return events.map(({ id }, at) => {
    const sealed = id === file.damaged || (isChild && file.guardian_events.includes(id));
    return sealed ? 'sealed' : (file.outcomes[at] ?? '');
  });
}

test('a database of the former suite opens for the practice and folds to its chart', () => {
  const { outcomes, chart } = read(reader(Held.staff(keyring()).withRows([row(T), row(G)]), 'staff'));
  expect(outcomes).toEqual(file.outcomes);
  expect(summary(chart)).toEqual(file.chart);
});

test('without the row of the guardian the practice sees that there is a message, and not what it says', () => {
  const { outcomes } = read(reader(Held.staff(keyring()), 'staff'));
  const question = events.findIndex(({ pubkey }) => pubkey === G);
  expect([outcomes[question], file.outcomes[question]]).toEqual(['sealed', 'shown']);
});

test('a guardian reads the former record of the child by the row of the child', () => {
  const { outcomes, chart } = read(reader(Held.person(guardian).withRows([row(T)]), 'own'));
  expect(outcomes).toEqual(ofCopies(false));
  expect(summary(chart)).toEqual(file.chart);
});

test('a patient reads the own former record by the secret alone', () => {
  const { outcomes, chart } = read(reader(Held.person(child), 'own'));
  expect(outcomes).toEqual(ofCopies(true));
  const found = summary(chart);
  for (const list of [
    'problems',
    'observations',
    'active_allergies',
    'orders',
    'encounters',
    'demographics',
  ]) {
    expect(found[list], list).toEqual(file.chart[list]);
  }
});

test('imported messages keep text and subject line', () => {
  const { chart } = read(reader(Held.person(child), 'own'));
  const [first, second] = chart.threads[0]?.messages ?? [];
  const resource = (item: Item | undefined) => item && currentVersion(item)?.record.resource;
  expect(resource(first)).toMatchObject({
    payload: [{ contentString: 'Results are in.' }],
    topic: { text: 'Your visit' },
  });
  expect(resource(second)).toMatchObject({ payload: [{ contentString: 'Thank you!' }] });
});

test('what no receipt calls an import is no record of ours', () => {
  const lying = imported(false);
  const held = Held.staff(keyring()).withRows([row(T), row(G)]);
  const plain = new Reader({ practice: lying.key('practice'), held, sight: 'staff' }, lying.material);
  const outcomes = [...plain.read(events, null).values()];
  expect(outcomes.map(({ is }) => is)).toEqual(events.map(() => 'quarantine'));
  expect(read(reader(held, 'staff')).outcomes).toContain('shown');
});
