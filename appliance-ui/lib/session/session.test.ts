import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SecretKey } from '../protocol/keys.ts';
import type { Event } from '../protocol/types.ts';
import { Box, type DemoPerson } from '../relay/box.test-helper.ts';
import { type ChartView, type Session, SessionError, type Snapshot } from './api.ts';
import { Engine } from './engine.ts';
import { serve } from './host.ts';
import type { Home, Keep, Part } from './keep.ts';
import type { ToPage, ToWorker } from './messages.ts';
import { SessionProxy } from './proxy.ts';
import { keySigner, type Signer } from './signer.ts';
import { Staff } from './staff.test-helper.ts';

type Holder = DemoPerson & { readonly secret: string };
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

/** The first snapshot that fits. */
function until(session: Session, fits: (now: Snapshot) => boolean): Promise<Snapshot> {
  return new Promise((resolve) => {
    const stop = session.watch((now) => {
      if (!fits(now)) return;
      queueMicrotask(() => stop());
      resolve(now);
    });
  });
}

/** The first view of a record that fits. */
function view(session: Session, key: string, fits: (now: ChartView) => boolean = loaded): Promise<ChartView> {
  return new Promise((resolve) => {
    const stop = session.watchChart(key, (now) => {
      if (!fits(now)) return;
      queueMicrotask(() => stop());
      resolve(now);
    });
  });
}

const loaded = ({ loading, chart, subject }: ChartView) =>
  loading === null && chart.coverage !== 'not-loaded' && subject.given !== null;
const told = ({ subjects }: Snapshot) => subjects.length > 0 && subjects.every(({ given }) => given !== null);

describe('against the real box', () => {
  let box: Box;
  let doctor: Staff;
  const sessions: Session[] = [];

  beforeAll(async () => {
    box = await Box.start();
    const [first] = box.holders('doctor');
    if (!first) throw new Error('no doctor');
    doctor = await Staff.logIn(box, first);
    await doctor.receipts();
  });
  afterAll(async () => {
    for (const session of sessions) session.lock();
    doctor.stop();
    await box.stop();
  });

  const named = (name: string): Holder => {
    const found = box.ready.persons.find((person) => person.name === name);
    if (!found?.secret) throw new Error(`nobody is called ${name}`);
    return { ...found, secret: found.secret };
  };
  const open = (person: Holder, home: Home | null = null, signer?: Signer): Engine => {
    const session = new Engine({
      signer: signer ?? keySigner(bytes(person.secret)),
      address: box.address,
      home,
    });
    sessions.push(session);
    return session;
  };

  test('a guardian reads one child: every record checked, nothing apart, all of it here', async () => {
    const guardian = named('Linden Samplewood');
    const session = open(guardian);
    const { subjects, policyWhole, me } = await until(session, told);
    expect(policyWhole).toBe(true);
    expect(me.key).toBe(guardian.pubkey);
    expect(subjects.map(({ key }) => key)).toEqual(guardian.children);
    const child = subjects[0]?.key ?? '';
    expect(subjects[0]).toMatchObject({ standing: 'guardian', given: 'Wren', access: { is: 'open' } });
    const { chart, checked, apart, completeness, pending, sealed } = await view(session, child);
    expect({ apart, pending, sealed, coverage: chart.coverage }).toEqual({
      apart: [],
      pending: 0,
      sealed: 0,
      coverage: 'complete',
    });
    expect(completeness.n).toBeGreaterThan(10);
    expect(completeness.k).toBe(completeness.n);
    const versions = [chart.demographics, ...chart.observations, ...chart.immunizations].flatMap(
      (item) => item?.versions ?? [],
    );
    expect(versions.length).toBeGreaterThan(5);
    for (const { record } of versions) {
      const signer = checked.get(record.id)?.signer;
      expect(['doctor', 'nurse', 'ma', 'frontdesk']).toContain(signer?.role);
      // The front desk's names are for the practice alone.
      expect(signer?.name === null).toBe(signer?.role === 'frontdesk');
    }
    const numbers = [...checked.values()].map(({ m }) => m);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('a family of three stands in three records that hold nothing of each other, and twins have letters', async () => {
    const dana = open(named('Dana Demofield'));
    const { subjects } = await until(dana, told);
    expect(subjects.length).toBe(3);
    const views = [];
    for (const { key } of subjects) views.push(await view(dana, key));
    for (const { chart, subject, checked } of views) {
      expect(chart.foreign).toEqual([]);
      expect(checked.size).toBeGreaterThan(50);
      for (const item of [...chart.observations, ...chart.immunizations]) {
        for (const { record } of item.versions) expect(record.subject).toBe(subject.key);
      }
    }
    const ids = views.map(({ chart }) => new Set(chart.observations.map(({ id }) => id)));
    expect([...(ids[0] ?? [])].filter((id) => ids[1]?.has(id))).toEqual([]);
    expect(new Set(subjects.map(({ n }) => n)).size).toBe(3);

    const twins = await until(open(named('Robin Testerton')), told);
    expect(twins.subjects.map(({ twin }) => twin).sort()).toEqual(['A', 'B']);
  });

  test('a record whose binding names another child is kept apart without its content, for both parents', async () => {
    for (const name of ['Paula Mockingham', 'Stefan Mockingham']) {
      const session = open(named(name));
      const { subjects } = await until(session, told);
      const { apart, chart } = await view(session, subjects[0]?.key ?? '');
      expect(apart.map(({ reason, kind }) => ({ reason, kind }))).toEqual([
        { reason: 'binding', kind: 2113 },
      ]);
      expect(Object.keys(apart[0] ?? {}).sort()).toEqual(['id', 'kind', 'reason', 'received', 'signer']);
      expect(chart.observations.some(({ id }) => id === apart[0]?.id)).toBe(false);
      expect(chart.coverage).toBe('partial');
    }
  });

  test('a child with a new key has one record: the old key before, the new one after', async () => {
    const session = open(named('Greta Placeholder'));
    const { subjects } = await until(session, told);
    const { apart, chart, completeness } = await view(session, subjects[0]?.key ?? '');
    const items = [
      ...chart.observations,
      ...chart.immunizations,
      ...chart.encounters.map(({ item }) => item),
    ];
    const keys = new Set(items.flatMap(({ versions }) => versions.map(({ record }) => record.subject)));
    expect(keys.size).toBe(2);
    expect(apart).toEqual([]);
    expect(completeness.k).toBe(completeness.n);
  });

  test('a teenager reads what is confidential, and the parent beside hears nothing of it', async () => {
    const own = open(named('Imogen Pretend (own key)'));
    const mother = open(named('Petra Pretend'));
    const mine = (await until(own, told)).subjects[0];
    const hers = (await until(mother, told)).subjects[0];
    expect(mine).toMatchObject({ standing: 'own', key: hers?.key });
    const teen = await view(own, mine?.key ?? '');
    const parent = await view(mother, hers?.key ?? '');
    const closed = [...teen.checked.values()].filter(({ compartment }) => compartment === 'confidential');
    expect(closed.length).toBeGreaterThan(0);
    expect({ sealed: parent.sealed, pending: parent.pending, apart: parent.apart }).toEqual({
      sealed: 0,
      pending: 0,
      apart: [],
    });
    expect(parent.completeness.k).toBe(parent.completeness.n);
    const text = JSON.stringify(parent, (_, value) => (value instanceof Map ? [...value] : value));
    for (const { id } of closed) expect(text).not.toContain(id);
    expect(text).not.toContain('confidential');
    const readers = await mother.mayRead(hers?.key ?? '');
    expect(readers.flatMap(({ compartments }) => compartments)).not.toContain('confidential');
    expect(readers.some(({ who }) => who.role === 'doctor')).toBe(true);
    expect(
      (await own.mayRead(mine?.key ?? '')).some(({ compartments }) => compartments.includes('confidential')),
    ).toBe(true);
  });

  test('a patient reads own records with the own key alone, without any grant', async () => {
    const session = open(named('Theo Notareal'));
    const { subjects } = await until(session, told);
    expect(subjects[0]).toMatchObject({ standing: 'patient', access: { is: 'open' } });
    const { chart, sealed, apart } = await view(session, subjects[0]?.key ?? '');
    expect({ sealed, apart, coverage: chart.coverage }).toEqual({
      sealed: 0,
      apart: [],
      coverage: 'complete',
    });
  });

  test('a guardian of a patient who writes letters with an own key is told what is not here, and nothing more', async () => {
    const vera = open(named('Vera Notareal'));
    const theo = open(named('Theo Notareal'));
    const hers = await view(vera, (await until(vera, told)).subjects[0]?.key ?? '');
    const his = await view(theo, (await until(theo, told)).subjects[0]?.key ?? '');
    const records = his.chart.threads.flatMap(({ messages }) => messages).flatMap(({ versions }) => versions);
    const letters = records.flatMap(({ record }) => his.checked.get(record.id) ?? []);
    const own = letters.filter(({ signer, compartment }) => signer.me && compartment === 'chart');
    const { missing, n, k } = hers.completeness;
    expect(own.length).toBeGreaterThan(0);
    expect(missing).toEqual({
      office: 0,
      health: own.length,
      since: Math.min(...own.map(({ received }) => received ?? 0)),
    });
    expect(n).toBe((k ?? 0) + own.length);
    expect(hers.chart.coverage).toBe('partial');
    // Visits stand in the office part, of which nothing is missing.
    expect(hers.completeness.officeWhole).toBe(true);
    expect(['listed', 'not-loaded']).toContain(hers.chart.allergies.state.is);
    expect(his.completeness.missing).toEqual({ office: 0, health: 0, since: null });
    expect(hers.apart).toEqual([]);
  });

  test('a patient and a guardian each read what the clinic answered them', async () => {
    for (const name of ['Theo Notareal', 'Linden Samplewood']) {
      const session = open(named(name));
      const { chart, checked } = await view(session, (await until(session, told)).subjects[0]?.key ?? '');
      const letters = chart.threads.flatMap(({ messages }) => messages.flatMap(({ versions }) => versions));
      const signers = letters.map(({ record }) => checked.get(record.id)?.signer);
      expect(
        signers.some((signer) => signer?.me === true),
        name,
      ).toBe(true);
      expect(
        signers.some((signer) => signer?.me === false && signer.member),
        name,
      ).toBe(true);
    }
  });

  test('a key that nobody knows here, one whose access ended, and another practice are told apart', async () => {
    const stranger = new Engine({ signer: keySigner(bytes('7'.repeat(64))), address: box.address });
    sessions.push(stranger);
    const refused = ({ connection }: Snapshot) => connection.is === 'refused';
    expect((await until(stranger, refused)).connection).toMatchObject({ why: 'unknown-key' });
    const former = open(named('Ernst Placeholder (access ended)'));
    expect((await until(former, refused)).connection).toMatchObject({ why: 'ended' });
    const wrong = new Engine({
      signer: keySigner(bytes(named('Linden Samplewood').secret)),
      address: { ...box.address, practice: 'ab'.repeat(32) },
    });
    sessions.push(wrong);
    expect((await until(wrong, refused)).connection).toMatchObject({ why: 'other-practice' });
  });

  test('switching practice or relay needs no new login, and keeps records apart', async () => {
    const session = open(named('Linden Samplewood'));
    const before = await until(session, told);
    await session.enter({ ...box.address, practice: 'cd'.repeat(32), name: 'Elsewhere' });
    const away = await until(session, ({ connection }) => connection.is === 'refused');
    expect(away).toMatchObject({ subjects: [], practiceName: 'Elsewhere' });
    await expect(session.leave('cd'.repeat(32))).rejects.toMatchObject({ code: 'invalid' });
    await session.enter(box.address);
    const back = await until(session, told);
    expect(back.subjects.map(({ n, key }) => ({ n, key }))).toEqual(
      before.subjects.map(({ n, key }) => ({ n, key })),
    );
    expect(back.practices.map(({ practice }) => practice)).toEqual([box.ready.practice, 'cd'.repeat(32)]);
    await session.leave('cd'.repeat(32));
    expect((await until(session, ({ practices }) => practices.length === 1)).practices).toEqual([
      box.address,
    ]);
  });

  test('a new record appears while looking: first as waiting, then checked', async () => {
    const session = open(named('Linden Samplewood'));
    const child = (await until(session, told)).subjects[0]?.key ?? '';
    const before = await view(session, child);
    const event = doctor.seal(2113, temperature(37.2), child);
    const waits = view(session, child, ({ pending }) => pending === 1);
    const shown = view(session, child, ({ checked }) => checked.has(event.id));
    await doctor.publish(event);
    expect((await waits).checked.size).toBe(before.checked.size);
    const after = await shown;
    expect(after.pending).toBe(0);
    expect(after.checked.get(event.id)?.signer).toMatchObject({ name: 'Dr. Alba Testwell', role: 'doctor' });
    expect(after.completeness.k).toBe((before.completeness.k ?? 0) + 1);
    expect(after.chart.coverage).toBe('complete');
  });

  test('a link that ends while looking closes the record within a second and removes what was kept', async () => {
    const guardian = named('Lucía Ejemplo');
    const home = new MemoryHome();
    const session = open(guardian, home);
    const { subjects } = await until(session, told);
    const [first, second] = subjects;
    if (!first || !second) throw new Error('two children');
    await view(session, first.key);
    await view(session, second.key);
    await until(session, () => home.keep.parts.has(first.key) && home.keep.parts.has(second.key));
    const ended = view(session, first.key, ({ subject }) => subject.access.is === 'ended');
    await doctor.endLink(first.key, guardian.pubkey);
    const at = Date.now();
    const { subject, chart, checked } = await ended;
    expect(Date.now() - at).toBeLessThan(1_000);
    expect(subject.given).toBe(first.given);
    expect({ demographics: chart.demographics, checked: checked.size }).toEqual({
      demographics: null,
      checked: 0,
    });
    expect(home.keep.parts.has(first.key)).toBe(false);
    expect(home.keep.parts.has(second.key)).toBe(true);
    const kept = [...home.keep.parts.values()].flat();
    expect(kept.some(({ tags }) => tags.some(([name, key]) => name === 'p' && key === first.key))).toBe(
      false,
    );
    const other = await view(session, second.key);
    expect(other.subject.access).toEqual({ is: 'open' });
  });

  test('when the last link ends the key is refused, and nothing is left', async () => {
    const guardian = named('Noor Fictional');
    const home = new MemoryHome();
    const session = open(guardian, home);
    const child = (await until(session, told)).subjects[0]?.key ?? '';
    await view(session, child);
    const ended = view(session, child, ({ subject }) => subject.access.is === 'ended');
    await doctor.endLink(child, guardian.pubkey);
    expect((await ended).checked.size).toBe(0);
    const { connection } = await until(session, (now) => now.connection.is === 'refused');
    expect(connection).toMatchObject({ why: 'ended' });
    expect([...home.keep.parts.keys()].filter((name) => name === child)).toEqual([]);
  });

  test('a new link appears while looking, waits until somebody confirms it, and then opens', async () => {
    const guardian = named('Kim Testerton');
    const child = named('Linden Samplewood').children[0] ?? '';
    const key = SecretKey.fromHex(guardian.secret);
    if (!key) throw new Error('no key');
    const session = open(guardian);
    const before = await until(session, told);
    expect(before.subjects.map((subject) => subject.key)).not.toContain(child);
    const is = (access: string) => (now: Snapshot) =>
      now.subjects.some((subject) => subject.key === child && subject.access.is === access);
    const waits = until(session, is('waits'));
    const link = await doctor.addLink(child, key);
    const third = (await waits).subjects.find((subject) => subject.key === child);
    expect(third).toMatchObject({ given: null, standing: 'guardian' });
    expect(third?.n).toBe(3);
    await doctor.confirm(link, child, guardian.pubkey);
    await until(session, is('open'));
    const opened = await view(session, child);
    expect(opened.subject.given).toBe('Wren');
    expect(opened.chart.coverage).toBe('complete');
  });

  test('a key that nobody knows waits, and its record opens once it is signed in, without a new login', async () => {
    const secret = SecretKey.fromHex('5a'.repeat(32));
    const child = named('Linden Samplewood').children[0] ?? '';
    if (!secret) throw new Error('no key');
    const session = new Engine({ signer: keySigner(secret.bytes()), address: box.address });
    sessions.push(session);
    const stranger = await until(session, ({ connection }) => connection.is === 'refused');
    expect(stranger.connection).toMatchObject({ why: 'unknown-key' });
    const { key, pop } = session.prove('guardian');
    const link = await doctor.signIn(child, { key, pop });
    await doctor.confirm(link, child, key);
    const is = ({ connection, subjects }: Snapshot) =>
      connection.is === 'open' && subjects[0]?.given === 'Wren';
    await until(session, is);
    expect((await view(session, child)).chart.coverage).toBe('complete');
  });

  test('a suspended link, of which no event tells the guardian, is closed at the next question', async () => {
    const guardian = named('Robin Testerton');
    const session = new Engine({
      signer: keySigner(bytes(guardian.secret)),
      address: box.address,
      accessMs: 300,
    });
    sessions.push(session);
    const [first, second] = (await until(session, told)).subjects;
    if (!first || !second) throw new Error('two children');
    await view(session, first.key);
    await view(session, second.key);
    const ended = view(session, first.key, ({ subject }) => subject.access.is === 'ended');
    await doctor.suspendLink(first.key, guardian.pubkey);
    expect((await ended).checked.size).toBe(0);
    expect((await view(session, second.key)).subject.access).toEqual({ is: 'open' });
  });

  test('what was kept is read without any network, with its time, and the rest comes when the box is back', async () => {
    const guardian = named('Vera Notareal');
    const home = new MemoryHome();
    const online = open(guardian, home);
    const child = (await until(online, told)).subjects[0]?.key ?? '';
    const there = await view(online, child);
    await until(online, ({ heard }) => heard !== null);
    online.lock();
    const offline = new Engine({
      signer: keySigner(bytes(guardian.secret)),
      address: box.address,
      home,
      relay: {
        dial: () => ({ send: () => {}, close: () => {} }),
        online: () => false,
        limits: { answerMs: 50 },
      },
    });
    sessions.push(offline);
    const told2 = await until(offline, (now) => told(now) && now.connection.is === 'offline');
    expect(told2.connection).toMatchObject({ why: 'network' });
    const here = await view(offline, child, ({ checked }) => checked.size > 0);
    expect(here.checked.size).toBe(there.checked.size);
    expect(here.asOf).toBe(told2.heard);
    expect(here.chart.observations).toEqual(there.chart.observations);
  });

  test('when the box goes away the record stays, and what was written meanwhile comes when it is back', async () => {
    const guardian = named('Stefan Mockingham');
    const session = new Engine({
      signer: keySigner(bytes(guardian.secret)),
      address: box.address,
      relay: { random: () => 0, limits: { answerMs: 2_000 } },
    });
    sessions.push(session);
    const child = (await until(session, told)).subjects[0]?.key ?? '';
    const before = await view(session, child);
    const event = doctor.seal(2113, temperature(38.4), child);
    const away = until(session, ({ connection }) => connection.is === 'offline');
    await box.halt('SIGKILL');
    expect((await away).connection).toMatchObject({ why: 'box' });
    const still = await view(session, child);
    expect(still.checked.size).toBe(before.checked.size);
    expect(still.chart.coverage).toBe(before.chart.coverage);
    box = await box.restart();
    const [first] = box.holders('doctor');
    if (!first) throw new Error('no doctor');
    doctor.stop();
    doctor = await Staff.logIn(box, first);
    await doctor.publish(event);
    const back = await view(session, child, ({ checked }) => checked.has(event.id));
    expect(back.checked.size).toBe(before.checked.size + 1);
    expect((await until(session, ({ connection }) => connection.is === 'open')).connection.is).toBe('open');
  });

  test('a storage that refuses keeps nothing and says so, and reading goes on', async () => {
    const home = new MemoryHome();
    home.keep.full = true;
    const session = open(named('Kim Testerton'), home);
    const snapshot = await until(session, (now) => told(now) && !now.keeps);
    expect((await view(session, snapshot.subjects[0]?.key ?? '')).checked.size).toBeGreaterThan(10);
  });

  test('a copy that could not take what came later keeps its older time', async () => {
    const home = new MemoryHome();
    const session = open(named('Kim Testerton'), home);
    const { subjects } = await until(session, ({ heard }) => heard !== null);
    const child = subjects[0]?.key ?? '';
    const { times } = home.keep;
    expect(times).toBeGreaterThan(0);
    home.keep.full = true;
    const event = doctor.seal(2113, temperature(38.1), child);
    await doctor.publish(event);
    expect((await until(session, ({ keeps }) => !keeps)).subjects.length).toBeGreaterThan(0);
    await view(session, child, ({ checked }) => checked.has(event.id));
    expect(home.keep.times).toBe(times);
  });

  test('what a tab read while another one kept is kept when its turn comes', async () => {
    const home = new MemoryHome();
    home.keep.mine = false;
    const session = open(named('Kim Testerton'), home);
    const { subjects } = await until(session, ({ heard }) => heard !== null);
    await view(session, subjects[0]?.key ?? '');
    expect({ parts: home.keep.parts.size, times: home.keep.times }).toEqual({ parts: 0, times: 0 });
    home.keep.mine = true;
    session.turned();
    await expect.poll(() => home.keep.at).not.toBeNull();
    expect(home.keep.parts.get(subjects[0]?.key ?? '')?.length).toBeGreaterThan(10);
  });

  test('a signer that keeps its key to itself opens the same record, as guardian and with an own key', async () => {
    for (const name of ['Linden Samplewood', 'Imogen Pretend (own key)']) {
      const person = named(name);
      const session = open(person, null, { ...keySigner(bytes(person.secret)), secret: null });
      const child = (await until(session, told)).subjects[0]?.key ?? '';
      const outside = await view(session, child);
      const inside = await view(open(person), child);
      expect([...outside.checked.keys()].sort(), name).toEqual([...inside.checked.keys()].sort());
      expect({ sealed: outside.sealed, apart: outside.apart }, name).toEqual({ sealed: 0, apart: [] });
    }
  });

  test('across the worker channel the same is seen, the secret is gone from the page, and lock ends it', async () => {
    const { port1, port2 } = new MessageChannel();
    serve(
      {
        post: (message: ToPage) => port2.postMessage(message),
        listen: (take) => {
          port2.onmessage = ({ data }) => take(data as ToWorker);
        },
      },
      {},
    );
    let ended = false;
    const proxy = new SessionProxy(
      {
        post: (message: ToWorker, give) => port1.postMessage(message, [...(give ?? [])]),
        listen: (take) => {
          port1.onmessage = ({ data }) => take(data as ToPage);
        },
      },
      () => {
        ended = true;
        port1.close();
      },
    );
    const secret = bytes(named('Stefan Mockingham').secret);
    await proxy.open({ is: 'secret', bytes: secret }, box.address);
    expect(secret.length).toBe(0);
    const { subjects } = await until(proxy, told);
    const { checked, apart } = await view(proxy, subjects[0]?.key ?? '');
    expect(checked.size).toBeGreaterThan(100);
    expect(apart.length).toBe(1);
    expect((await proxy.mayRead(subjects[0]?.key ?? '')).length).toBeGreaterThan(3);
    const waiting = proxy.mayRead(subjects[0]?.key ?? '');
    proxy.lock();
    await expect(waiting).rejects.toBeInstanceOf(SessionError);
    expect(ended).toBe(true);
    await expect(proxy.enter(box.address)).rejects.toMatchObject({ code: 'locked' });
  });
});

/** What one device keeps, in memory. */
class MemoryKeep implements Keep {
  readonly parts = new Map<string, Event[]>();
  full = false;
  mine = true;
  at: number | null = null;
  times = 0;

  async load() {
    return { events: [...this.parts.values()].flat(), heard: this.at };
  }

  async add(part: Part, events: readonly Event[]) {
    if (this.full) throw new SessionError('storage', 'full');
    const name = part.is === 'subject' ? part.key : part.is;
    this.parts.set(name, [...(this.parts.get(name) ?? []), ...events]);
  }

  async replace(part: Part, events: readonly Event[]) {
    const name = part.is === 'subject' ? part.key : part.is;
    this.parts.delete(name);
    if (events.length > 0) this.parts.set(name, [...events]);
  }

  async heard(at: number) {
    this.at = at;
    this.times += 1;
  }
}

class MemoryHome implements Home {
  readonly keep = new MemoryKeep();
  readonly mine = true;
  readonly removed = false;

  async practices() {
    return [];
  }

  async savePractices() {}

  keepOf() {
    return this.keep;
  }

  async clear() {}
}

function temperature(value: number) {
  return {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '8310-5', display: 'Body temperature' }] },
    effectiveDateTime: '2026-11-26',
    valueQuantity: { value, unit: 'Cel', system: 'http://unitsofmeasure.org', code: 'Cel' },
  };
}
