/**
 * A relay that lies with real events: whatever it serves, withholds, repeats or forges ends in "apart", in a record
 * that says that it is not whole, or in nothing at all.
 */
// The comparing of ids is fetched when needed; here it must not take time.
import 'nostr-tools';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sign } from '../protocol/event.ts';
import { SecretKey } from '../protocol/keys.ts';
import { kinds } from '../protocol/kinds.ts';
import type { Event } from '../protocol/types.ts';
import { Box } from '../relay/box.test-helper.ts';
import { HandClock, HostileRelay, settle } from '../relay/hostile.test-helper.ts';
import type { ChartView, Snapshot } from './api.ts';
import { Engine } from './engine.ts';
import {
  EVERYTHING,
  type Family,
  familyOf,
  forgedGrant,
  forgedLinks,
  isReceipt,
  lateRecord,
  linkOf,
  names,
  recordOf,
  stranger,
  tagOf,
  transplant,
} from './planted.test-helper.ts';
import { keySigner } from './signer.ts';
import { Staff } from './staff.test-helper.ts';

let practice = '';
let now = 0;
/** Mother of one child. */
let mother: Family;
/** Father of another child. */
let father: Family;
/** Everything that the doctor may read. */
let whole: readonly Event[] = [];
let leaver: SecretKey;
const engines: Engine[] = [];

beforeAll(async () => {
  const box = await Box.start();
  try {
    practice = box.ready.practice;
    const family = (name: string): Promise<Family> => {
      const person = box.ready.persons.find((person) => person.name === name);
      if (!person?.secret) throw new Error(name);
      return familyOf(box, { ...person, secret: person.secret });
    };
    const [first] = box.holders('doctor');
    if (!first) throw new Error('no doctor');
    const doctor = await Staff.logIn(box, first);
    await doctor.receipts();
    mother = await family('Paula Mockingham');
    father = await family('Linden Samplewood');
    whole = await doctor.all({ kinds: EVERYTHING });
    doctor.stop();
    const left = box.ready.persons.find(({ name }) => name.startsWith('Nils Formerly'));
    leaver = SecretKey.fromHex(left?.secret ?? '') ?? stranger;
    now = Math.max(...whole.map(({ created_at }) => created_at), Date.now() / 1_000);
  } finally {
    await box.stop();
  }
});
afterEach(() => {
  for (const engine of engines.splice(0)) engine.lock();
});

interface Seen {
  readonly relay: HostileRelay;
  readonly clock: HandClock;
  readonly snapshot: Snapshot;
  readonly view: ChartView | null;
  look(): { readonly snapshot: Snapshot; readonly view: ChartView | null };
}

/** Reads as one guardian what a hostile relay serves, until nothing moves any more. */
async function read(
  family: Family,
  events: readonly Event[],
  ways: Partial<HostileRelay['ways']> = {},
  at = now,
): Promise<Seen> {
  const relay = new HostileRelay();
  relay.events = [...events];
  Object.assign(relay.ways, ways);
  const clock = new HandClock(at * 1_000);
  const engine = new Engine({
    signer: keySigner(family.secret.bytes()),
    address: { relay: 'wss://mirror.example', practice, next: null, name: null },
    clock,
    turn: () => Promise.resolve(),
    relay: { dial: relay.dial, document: async () => null },
  });
  engines.push(engine);
  let snapshot: Snapshot | null = null;
  const views = new Map<string, ChartView>();
  engine.watch((next) => {
    snapshot = next;
    for (const { key } of next.subjects) {
      if (!views.has(key)) engine.watchChart(key, (view) => views.set(key, view));
    }
  });
  for (let turn = 0; turn < 40; turn += 1) {
    await settle();
    await clock.pass(50);
  }
  const look = () => {
    if (!snapshot) throw new Error('no snapshot');
    return { snapshot, view: views.get(family.child) ?? null };
  };
  return { relay, clock, ...look(), look };
}

const digest = ({ view }: Pick<Seen, 'view'>) => ({
  shown: [...(view?.checked.keys() ?? [])].sort(),
  apart: (view?.apart ?? []).map(({ id, reason }) => `${reason} ${id}`).sort(),
  coverage: view?.chart.coverage,
});
const value = (family: Family) => recordOf(family, kinds.observation);

describe('a relay that only mirrors', () => {
  test('any relay that holds the events will do: the record is the same, read without the box', async () => {
    const { snapshot, view } = await read(mother, mother.events);
    expect(snapshot.policyWhole).toBe(true);
    expect(snapshot.subjects.map(({ key }) => key)).toEqual([mother.child]);
    expect(view?.completeness.k).toBe(view?.completeness.n);
    // The demo has one record whose binding names another child.
    expect(view?.apart.map(({ reason }) => reason)).toEqual(['binding']);
    expect(view?.checked.size).toBeGreaterThan(100);
  });

  test('twice, backwards, in small pieces or with everything of everybody: the same record', async () => {
    const plain = digest(await read(father, father.events));
    expect(plain.coverage).toBe('complete');
    expect(digest(await read(father, father.events, { twice: true }))).toEqual(plain);
    expect(digest(await read(father, father.events, { backwards: true }))).toEqual(plain);
    expect(digest(await read(father, father.events, { limitMax: 7 }))).toEqual(plain);
    const foreign = await read(father, [...father.events, ...whole]);
    expect(digest(foreign)).toEqual(plain);
    expect(foreign.snapshot.subjects.length).toBe(1);
    expect(foreign.view?.chart.foreign).toEqual([]);
    expect(foreign.view?.sealed).toBe(0);
  });
});

describe('a relay that withholds', () => {
  test('a lie about the end of stored events makes no record whole, and no allergy list empty', async () => {
    const { view, snapshot } = await read(father, father.events, { eose: 'lie' });
    expect(snapshot.connection).toMatchObject({ is: 'refused', why: 'unknown-key' });
    expect(view).toBeNull();
    const records = father.events.filter(({ kind }) => kind < 2111 || kind > 2121);
    const partial = await read(father, records);
    expect(partial.view?.chart.coverage).toBe('partial');
    expect(partial.view?.chart.allergies.state.is).not.toBe('none-known');
    expect(partial.view?.chart.allergies.state.is).not.toBe('not-recorded');
    expect(partial.view?.completeness.k).toBeLessThan(partial.view?.completeness.n ?? 0);
  });

  test('one record less is one record missing', async () => {
    const one = father.events.find(
      ({ kind, tags }) => kind === 2113 && tags.some(([, key]) => key === father.child),
    );
    const { view } = await read(
      father,
      father.events.filter((event) => event !== one),
    );
    expect(view?.completeness.n).toBe((view?.completeness.k ?? 0) + 1);
    expect(view?.chart.coverage).toBe('partial');
  });

  test('a hole in the chain of policy is told, and nothing behind it counts', async () => {
    const policy = father.events
      .filter((event) => isReceipt(event) && tagOf(event, 'c') === 'policy')
      .sort((a, b) => Number(tagOf(a, 'n')) - Number(tagOf(b, 'n')));
    const hole = policy[1];
    const { snapshot } = await read(
      father,
      father.events.filter((event) => event !== hole),
    );
    expect(snapshot.policyWhole).toBe(false);
  });

  test('without receipts nothing is shown: pending for ten minutes, then apart', async () => {
    const one = value(father);
    const namesIt = (event: Event) => names(event, one);
    expect(father.events.some(namesIt)).toBe(true);
    const seen = await read(
      father,
      father.events.filter((event) => !namesIt(event)),
    );
    const { pending, checked } = seen.view ?? { pending: 0, checked: new Map() };
    expect(pending).toBeGreaterThan(0);
    await seen.clock.pass(601_000);
    const later = seen.look().view;
    expect(later?.pending).toBe(0);
    expect(later?.checked.size).toBe(checked.size);
    expect(later?.apart.filter(({ reason }) => reason === 'no-receipt').length).toBe(pending);
  });
});

describe('time', () => {
  test('a link with an end closes the record when the day comes, whatever the relay still serves', async () => {
    const end = Number(tagOf(linkOf(father), 'until'));
    expect(end).toBeGreaterThan(now);
    const seen = await read(father, father.events, {}, end - 60);
    expect(seen.snapshot.subjects.map(({ access }) => access.is)).toEqual(['open']);
    expect(seen.view?.checked.size).toBeGreaterThan(10);
    await seen.clock.pass(61_000);
    const { snapshot, view } = seen.look();
    expect(snapshot.subjects.map(({ access }) => access.is)).toEqual(['ended']);
    expect(view?.checked.size).toBe(0);
    const after = await read(father, father.events, {}, end + 60);
    expect(after.snapshot.subjects).toEqual([]);
  });
});

describe('a relay that plants', () => {
  test("another child's record does not become this one's by new tags, a new signature or a real receipt", async () => {
    const before = digest(await read(father, father.events));
    const { moved, all: planted } = transplant(mother, father);
    const seen = await read(father, [...father.events, ...planted]);
    expect(digest(seen).shown).toEqual(before.shown);
    expect(seen.view?.apart.map(({ id, reason }) => ({ id, reason }))).toEqual([
      { id: moved.id, reason: 'id' },
    ]);
    await seen.clock.pass(601_000);
    expect(
      seen
        .look()
        .view?.apart.map(({ reason }) => reason)
        .sort(),
    ).toEqual(['id', 'no-receipt']);
    expect(digest(seen.look()).shown).toEqual(before.shown);
  });

  test('a forged copy under the id of a true record neither hides it nor is shown', async () => {
    const real = value(father);
    const forged = [
      { ...real, content: `${real.content}x` },
      { ...real, sig: '0'.repeat(128) },
    ];
    const before = digest(await read(father, father.events));
    expect(digest(await read(father, [...forged, ...father.events]))).toEqual(before);
    const alone = await read(father, [...father.events.filter((event) => event !== real), ...forged]);
    expect(alone.view?.checked.has(real.id)).toBe(false);
    expect(alone.view?.apart.map(({ id }) => id)).toEqual([real.id]);
  });

  test('what somebody who has left writes now stays apart, with real receipts and with forged ones', async () => {
    const [late, ...forged] = lateRecord(leaver, father, now);
    const before = digest(await read(father, father.events));
    const seen = await read(father, [...father.events, late, ...forged]);
    await seen.clock.pass(601_000);
    const { view } = seen.look();
    expect(digest({ view }).shown).toEqual(before.shown);
    expect(view?.apart.map(({ id, reason }) => ({ id, reason }))).toEqual([
      { id: late.id, reason: 'no-receipt' },
    ]);
    // What the same person wrote as a member stays genuine.
    const theirs = [...(view?.checked.values() ?? [])].filter(
      ({ signer }) => signer.key === leaver.publicKey,
    );
    for (const { signer } of theirs) expect(signer).toMatchObject({ role: 'nurse', member: false });
  });

  test('a link that nobody at the practice signed opens no record, and ends none', async () => {
    const planted = forgedLinks(father, mother.child, now);
    const seen = await read(father, [...father.events, ...planted, ...mother.events]);
    expect(seen.snapshot.subjects.map(({ key, access }) => ({ key, access: access.is }))).toEqual([
      { key: father.child, access: 'open' },
    ]);
    for (const event of planted) seen.relay.publish({ ...event });
    await settle();
    await seen.clock.pass(100);
    expect(seen.look().snapshot.subjects.map(({ access }) => access.is)).toEqual(['open']);
  });

  test('a grant from another author is ignored: it opens nothing and hides nothing', async () => {
    const planted = forgedGrant(father, now);
    const before = digest(await read(father, father.events));
    expect(digest(await read(father, [planted, ...father.events]))).toEqual(before);
    const without = father.events.filter(({ kind }) => kind !== kinds.patientKeyGrant);
    const waits = await read(father, [planted, ...without]);
    expect(waits.snapshot.subjects.map(({ access }) => access.is)).toEqual(['waits']);
    // Letters to and from the guardian open with the guardian's own key; nothing of the child does.
    const { observations, demographics, encounters } = waits.view?.chart ?? {};
    expect({ observations, demographics, encounters }).toEqual({
      observations: [],
      demographics: null,
      encounters: [],
    });
    expect(waits.view?.chart.coverage).toBe('not-loaded');
  });

  test('what is confidential to a child is nothing to the parent, even when a relay serves it', async () => {
    const closed = whole.filter(({ kind }) => kind === kinds.confidential);
    expect(closed.length).toBeGreaterThan(0);
    const addressed = closed.map((event) =>
      sign(stranger, event.kind, [...event.tags, ['p', father.child]], 'x', event.created_at),
    );
    const before = digest(await read(father, father.events));
    const seen = await read(father, [...father.events, ...closed, ...addressed]);
    await seen.clock.pass(601_000);
    expect(digest(seen.look())).toEqual(before);
    expect(seen.look().view).toMatchObject({ sealed: 0, pending: 0 });
  });
});
