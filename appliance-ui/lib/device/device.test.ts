import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sign } from '../protocol/event.ts';
import { keys } from '../protocol/testing.ts';
import type { Event } from '../protocol/types.ts';
import { DeviceBook } from './book.ts';
import { DeviceDb, stored } from './db.ts';
import { DeviceHome } from './home.ts';
import { DeviceKeep } from './keep.ts';
import { addPerson, forgetDevice, newPersonId, openPerson, peopleHere } from './people.ts';
import { Cabinet, randomBytes, unwrap, wrap } from './seal.ts';

const P = 'ab'.repeat(32);
const Q = 'cd'.repeat(32);
const CHILD = keys('child').publicKey;
const OTHER = keys('other').publicKey;
let db: DeviceDb;

beforeEach(() => {
  db = new DeviceDb();
});
afterEach(async () => {
  db.close();
  await DeviceDb.delete('relaybox');
});

const record = (content: string, child = CHILD): Event =>
  sign(keys('doctor'), 2113, [['p', child]], content, 1);

const secret = () => randomBytes(32);
const passkey = () => ({ id: newPersonId(), credential: randomBytes(20), prf: secret() });
const child = (key = CHILD) => ({ is: 'subject', key }) as const;
const yes = () => true;

/** Everything that lies in the database, as one text. */
async function dump(): Promise<string> {
  const tables = await Promise.all([db.people.toArray(), db.events.toArray(), db.values.toArray()]);
  const show = (_: string, value: unknown) =>
    value instanceof Uint8Array
      ? `${Buffer.from(value).toString('hex')} ${Buffer.from(value).toString('latin1')}`
      : value;
  return JSON.stringify(tables, show);
}

test('a wrapped key opens with its own passkey and with no other', async () => {
  const [prf, credential] = [secret(), randomBytes(20)];
  const secrets = { person: secret(), cache: secret() };
  const wrapped = await wrap(prf, credential, secrets);
  expect(await unwrap(prf, credential, wrapped)).toEqual(secrets);
  expect(await unwrap(secret(), credential, wrapped)).toBeNull();
  expect(await unwrap(prf, randomBytes(20), wrapped)).toBeNull();
  const bent = { ...wrapped, sealed: wrapped.sealed.map((byte, n) => (n === 40 ? byte ^ 1 : byte)) };
  expect(await unwrap(prf, credential, bent)).toBeNull();
});

test('what is sealed for one place opens there only, and names say nothing', async () => {
  const cabinet = await Cabinet.open(secret());
  const sealed = await cabinet.seal('here', { a: 1 });
  expect(await cabinet.unseal('here', sealed)).toEqual({ a: 1 });
  expect(await cabinet.unseal('there', sealed)).toBeNull();
  expect(await (await Cabinet.open(secret())).unseal('here', sealed)).toBeNull();
  expect(await cabinet.name('a', 'bc')).not.toBe(await cabinet.name('ab', 'c'));
  expect(await cabinet.name('a')).toMatch(/^[0-9a-f]{64}$/);
});

test('records are read again after the browser was closed, with the passkey', async () => {
  const made = passkey();
  const person = secret();
  const keep = new DeviceKeep(db, await addPerson(db, made, person), P, yes);
  const [one, two] = [record('one'), record('two')];
  await keep.add(child(), [one]);
  await keep.add({ is: 'policy' }, [two]);
  await keep.heard(1_796_000_000);
  db.close();

  db = new DeviceDb();
  expect((await peopleHere(db)).length).toBe(1);
  const opened = await openPerson(db, made);
  expect(opened.person).toEqual(person);
  const again = new DeviceKeep(db, opened.cabinet, P, yes);
  expect(await again.load()).toEqual({ events: [one, two], heard: 1_796_000_000 });
  expect(await new DeviceKeep(db, opened.cabinet, Q, yes).load()).toEqual({ events: [], heard: null });
  await expect(openPerson(db, { ...made, prf: secret() })).rejects.toMatchObject({ code: 'wrong-key' });
  await expect(openPerson(db, { ...made, credential: randomBytes(20) })).rejects.toMatchObject({
    code: 'wrong-key',
  });
});

test('a dump of the storage shows no key, no record, no name and no pubkey', async () => {
  const made = passkey();
  const person = secret();
  const cabinet = await addPerson(db, made, person);
  const event = record('Lucía has a peanut allergy');
  await new DeviceKeep(db, cabinet, P, yes).add(child(), [event]);
  await new DeviceBook(db, cabinet).save([
    { relay: 'wss://box.example', practice: P, next: null, name: 'Larkfield' },
  ]);
  const text = await dump();
  expect(text).toContain(Buffer.from(made.credential).toString('hex'));
  const secrets = [Buffer.from(person).toString('hex'), Buffer.from(made.prf).toString('hex')];
  const words = [
    'peanut',
    'Luc',
    'Larkfield',
    'box.example',
    '2113',
    P,
    CHILD,
    event.pubkey,
    event.id,
    event.sig,
  ];
  for (const word of [...secrets, ...words]) expect(text).not.toContain(word);
});

test('one part is replaced or removed and the others stay', async () => {
  const keep = new DeviceKeep(db, await addPerson(db, passkey(), secret()), P, yes);
  const [mine, other, policy] = [record('mine'), record('other', OTHER), record('policy')];
  await keep.add(child(), [mine]);
  await keep.add(child(OTHER), [other]);
  await keep.add({ is: 'policy' }, [policy]);
  await keep.replace(child(), []);
  expect((await keep.load()).events).toEqual([other, policy]);
  await keep.replace({ is: 'policy' }, [mine]);
  expect((await keep.load()).events).toEqual([other, mine]);
  await keep.clear();
  expect(await keep.load()).toEqual({ events: [], heard: null });
});

test('several persons on one device read their own only', async () => {
  const [ana, ben] = [passkey(), passkey()];
  const hers = new DeviceKeep(db, await addPerson(db, ana, secret()), P, yes);
  const his = new DeviceKeep(db, await addPerson(db, ben, secret()), P, yes);
  const [one, two] = [record('hers'), record('his')];
  await hers.add(child(), [one]);
  await his.add(child(), [two]);
  expect((await hers.load()).events).toEqual([one]);
  expect((await his.load()).events).toEqual([two]);
  expect((await openPerson(db, ben)).id).toBe(ben.id);
});

test('a second tab keeps nothing, but removes what must go', async () => {
  const made = passkey();
  const cabinet = await addPerson(db, made, secret());
  const first = new DeviceKeep(db, cabinet, P, yes);
  const second = new DeviceKeep(db, cabinet, P, () => false);
  const one = record('one');
  await first.add(child(), [one]);
  await second.add(child(), [record('two')]);
  await second.replace(child(), [record('three')]);
  expect((await second.load()).events).toEqual([one]);
  await second.replace(child(), []);
  expect((await first.load()).events).toEqual([]);
});

test('what is damaged is removed, and the copy has no time until all has been read again', async () => {
  const keep = new DeviceKeep(db, await addPerson(db, passkey(), secret()), P, yes);
  const [one, two] = [record('one'), record('two')];
  await keep.add(child(), [one]);
  await keep.add(child(), [two]);
  await keep.heard(1_796_000_000);
  expect(await keep.load()).toEqual({ events: [one, two], heard: 1_796_000_000 });
  const row = await db.events.toCollection().last();
  if (!row) throw new Error('nothing was kept');
  await db.events.update(row.n, { sealed: row.sealed.map((byte, n) => (n === 40 ? byte ^ 1 : byte)) });
  expect(await keep.load()).toEqual({ events: [one], heard: null });
  expect(await keep.load()).toEqual({ events: [one], heard: null });
  await keep.add(child(), [two]);
  await keep.heard(1_796_000_100);
  expect(await keep.load()).toEqual({ events: [one, two], heard: 1_796_000_100 });
});

test('a copy that the browser has removed is not written anew without its key', async () => {
  const home = await DeviceHome.open(db, await addPerson(db, passkey(), secret()), () => {
    told += 1;
  });
  let told = 0;
  const keep = home.keepOf(P);
  expect({ removed: home.removed, mine: keep.mine }).toEqual({ removed: false, mine: true });
  // What a browser tells a connection whose storage it takes away.
  db.on('close').fire(new Event('close'));
  expect({ removed: home.removed, mine: keep.mine, told }).toEqual({ removed: true, mine: false, told: 1 });
  await keep.add(child(), [record('one')]);
  expect((await keep.load()).events).toEqual([]);
});

test('large records are kept in several rows and read in order', async () => {
  const keep = new DeviceKeep(db, await addPerson(db, passkey(), secret()), P, yes);
  const events = Array.from({ length: 12 }, (_, n) => ({
    ...record(`${n}`),
    content: `${n}`.padEnd(60_000, 'x'),
  }));
  await keep.add(child(), events);
  expect(await db.events.count()).toBeGreaterThan(1);
  expect((await keep.load()).events).toEqual(events);
});

test('a damaged row costs that row and nothing else', async () => {
  const keep = new DeviceKeep(db, await addPerson(db, passkey(), secret()), P, yes);
  const [one, two] = [record('one'), record('two')];
  await keep.add(child(), [one]);
  await keep.add(child(), [two]);
  const row = await db.events.orderBy('n').first();
  await db.events.update(row?.n ?? 0, { sealed: new Uint8Array(40) });
  expect((await keep.load()).events).toEqual([two]);
});

test('a storage that refuses, or never answers, is told as storage', async () => {
  const full = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
  await expect(stored(full)).rejects.toMatchObject({ code: 'storage' });
  await expect(stored(() => new Promise(() => {}), 5)).rejects.toMatchObject({ code: 'storage' });
  expect(await stored(() => Promise.resolve(1), 5)).toBe(1);
});

test('after the device was forgotten nothing is left and nobody is here', async () => {
  const made = passkey();
  const keep = new DeviceKeep(db, await addPerson(db, made, secret()), P, yes);
  await keep.add(child(), [record('one')]);
  await forgetDevice(db);
  db = new DeviceDb();
  expect(await peopleHere(db)).toEqual([]);
  expect(await db.events.count()).toBe(0);
  await expect(openPerson(db, made)).rejects.toMatchObject({ code: 'wrong-key' });
});
