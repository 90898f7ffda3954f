/** A staff session against the real box: what it is told at login, and whom it does not open for. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toNpub } from '../protocol/keys.ts';
import { preticked } from '../protocol/permissions.ts';
import { keys } from '../protocol/testing.ts';
import { secretOf } from '../protocol/vectors.ts';
import { Box } from '../relay/box.test-helper.ts';
import { type PracticeAddress, SessionError } from './api.ts';
import { StaffSession, type StaffSnapshot } from './staff.ts';

let box: Box;
const sessions: StaffSession[] = [];
beforeAll(async () => {
  box = await Box.start();
});
afterAll(async () => {
  for (const session of sessions) session.lock();
  await box.stop();
});

function open(secret: string, address: PracticeAddress | null = box.address): StaffSession {
  const session = new StaffSession({ address, secret: secretOf(secret) });
  sessions.push(session);
  return session;
}

/** The first snapshot that fits. */
const until = (session: StaffSession, fits: (now: StaffSnapshot) => boolean) =>
  new Promise<StaffSnapshot>((resolve) => {
    const stop = session.watch((now) => {
      if (!fits(now)) return;
      queueMicrotask(() => stop());
      resolve(now);
    });
  });
const placed = ({ place }: StaffSnapshot) => place !== null;
const refused = ({ connection }: StaffSnapshot) => connection.is === 'refused';

/** A nurse who left when the first epoch ended. The demo tells the keys of members only; all are drawn from its seed. */
const leaver = keys('relaybox/demo/1\0relaybox synthetic demo practicestaff/Nils Formerly, RN');

function person(role: string) {
  const [first] = box.holders(role);
  if (!first) throw new Error(`the demo has no ${role} with a key`);
  return first;
}

test('a staff session says role, words and roster, and holds the secrets of every epoch', async () => {
  const nurse = person('nurse');
  const session = open(nurse.secret);
  const { me, place, roster, epoch, policyWhole, connection } = await until(session, placed);
  expect(me).toEqual({ key: nurse.pubkey, npub: toNpub(nurse.pubkey), name: nurse.name });
  expect(place?.role).toBe('nurse');
  expect(place?.words.filter((word) => preticked('nurse').includes(word))).toEqual(preticked('nurse'));
  expect([policyWhole, connection.is]).toEqual([true, 'open']);
  // Names of the front desk stand under desk's secret alone.
  const staff = box.ready.persons.filter(({ role }) => ['doctor', 'nurse', 'ma', 'frontdesk'].includes(role));
  for (const { key, name, role } of roster) {
    expect(staff.find(({ pubkey }) => pubkey === key)).toMatchObject({ name, role });
  }
  expect(roster.filter(({ me }) => me).map(({ key }) => key)).toEqual([nurse.pubkey]);
  expect(new Set(roster.map(({ role }) => role))).toEqual(new Set(['doctor', 'nurse', 'ma', 'frontdesk']));
  expect(epoch?.n).toBe(box.ready.epochs.length);
  const held = new Set(
    session
      .keyring()
      .pairs()
      .map(({ pair }) => pair.public),
  );
  expect(box.ready.epochs.length).toBeGreaterThan(2);
  for (const { desk, chart } of box.ready.epochs)
    expect([held.has(desk), held.has(chart)]).toEqual([true, true]);
  expect(JSON.stringify(session.now())).not.toContain(nurse.secret);
});

test('each role opens its own home, and the front desk holds no chart', async () => {
  const homes = new Map<string, string | undefined>();
  for (const role of ['doctor', 'nurse', 'ma', 'frontdesk']) {
    const { place, epoch } = await until(open(person(role).secret), placed);
    homes.set(role, place?.home);
    if (role === 'frontdesk') expect(epoch?.holds).toEqual(['desk']);
    if (role === 'doctor') expect(epoch?.holds).toEqual(['desk', 'chart', 'confidential']);
  }
  expect([...homes.values()]).toEqual(['own-day', 'arrivals', 'arrivals', 'schedule']);
});

test('a wrong key opens no staff session: nobody, a parent, and who has left', async () => {
  const parent = person('guardian');
  for (const secret of [keys('nobody').toHex(), parent.secret]) {
    const { connection, place, epoch } = await until(open(secret), refused);
    expect(connection).toMatchObject({ is: 'refused', why: 'unknown-key' });
    expect([place, epoch?.holds ?? []]).toEqual([null, []]);
  }
  const ended = await until(open(leaver.toHex()), refused);
  expect([ended.connection, ended.place]).toMatchObject([{ is: 'refused', why: 'ended' }, null]);
  const { connection } = await until(open(person('nurse').secret), placed);
  expect(connection.is).toBe('open');
});

test('without the practice key that was set on this computer a staff session does not open', async () => {
  const { secret } = person('doctor');
  for (const practice of [null, '', 'ab', box.ready.practice.toUpperCase(), 'ff'.repeat(32)]) {
    const address = practice === null ? null : { ...box.address, practice };
    expect(() => open(secret, address), String(practice)).toThrow(SessionError);
  }
  const other = open(secret, { ...box.address, practice: keys('another practice').publicKey });
  const { connection, place, roster } = await until(other, refused);
  expect(connection).toMatchObject({ is: 'refused', why: 'other-practice' });
  expect([place, roster]).toEqual([null, []]);
  expect((await until(open(secret), placed)).place?.role).toBe('doctor');
});

test('a locked staff session tells nothing and gives no secret', async () => {
  const session = open(person('doctor').secret);
  await until(session, placed);
  let told = 0;
  session.watch(() => {
    told += 1;
  });
  expect([told, session.keyring().newest('chart') === null]).toEqual([1, false]);
  session.lock();
  expect(() => session.now()).toThrow('locked');
  expect(() => session.keyring()).toThrow('locked');
  session.poke();
  expect(told).toBe(1);
});
