/**
 * A staff member's way in, at the name of the box on which the administration answers: a security key is paired, the
 * box keeps the wrapped form, and one touch with the PIN opens a session that says who works here. The page is a bare
 * one; key store, relay and practice are those of the box. Chromium's virtual security key knows its person, as a real
 * one does after its PIN.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Paired } from '../lib/login/pairing.ts';
import { Box } from '../lib/relay/box.test-helper.ts';
import type { PracticeAddress } from '../lib/session/api.ts';
import { Bare } from './bare.ts';
import { demo, person, Visitor } from './harness.ts';

/** What the way from an unpaired security key to the session may take. */
const MINUTES_2 = 120_000;

let server: Bare;
let box: Box;
beforeAll(async () => {
  server = await Bare.serve('staff.ts');
  box = await Box.start(demo().template);
});
afterAll(async () => {
  await server.close();
  await box.stop();
});

const address = (): PracticeAddress => ({ ...box.address, relay: box.ready.relay });

async function arrive(): Promise<Visitor> {
  const { admin } = box.ready.origins;
  const visitor = await Visitor.arrive({ ready: box.ready, hosts: [new URL(admin).host] });
  await visitor.authenticator('plugged-in');
  await visitor.page.goto(await server.under(visitor.context, admin));
  return visitor;
}

async function pairAndStore(
  { page }: Visitor,
  secret: string,
  before: readonly Paired[] = [],
): Promise<Paired> {
  const one = await page.evaluate(([key, all]) => staffPage.pair(key, all), [secret, before] as const);
  if (typeof one === 'string') throw new Error(one);
  const stored = await page.evaluate(
    ([key, { credential, wrapped }]) =>
      staffPage.store('PUT', key, credential, { label: 'a security key', wrapped }),
    [secret, one] as const,
  );
  expect(stored).toBe(201);
  return one;
}

/** As a page does it that knows ids alone: the wrapped form comes from the box. */
async function fromTheBox({ page }: Visitor, one: Paired): Promise<readonly Paired[]> {
  const wrapped = await page.evaluate((credential) => staffPage.kept(credential), one.credential);
  return wrapped === null ? [] : [{ ...one, wrapped }];
}

const logIn = ({ page }: Visitor, paired: readonly Paired[], to = address()) =>
  page.evaluate(([all, where]) => staffPage.logIn(all, where), [paired, to] as const);

test('a staff member pairs a security key and logs in with touch and PIN, in less than two minutes', async () => {
  const began = Date.now();
  const visitor = await arrive();
  const [nurse] = box.holders('nurse');
  if (!nurse) throw new Error('the demo has no nurse with a key');
  const one = await pairAndStore(visitor, nurse.secret);
  await visitor.page.reload();
  const told = await logIn(visitor, await fromTheBox(visitor, one));
  expect(told).toMatchObject({
    me: { key: nurse.pubkey, name: nurse.name },
    place: { role: 'nurse', home: 'arrivals' },
    connection: { is: 'open' },
    policyWhole: true,
  });
  expect(JSON.stringify(told)).not.toContain(nurse.secret);
  expect(Date.now() - began).toBeLessThan(MINUTES_2);
  await visitor.leave();
});

test('a key that is nobody here opens no session, and no key opens one at the box of another practice', async () => {
  const visitor = await arrive();
  const doctor = person(box.ready, 'Dr. Alba Testwell');
  const own = await pairAndStore(visitor, doctor.secret);
  const wrong = { ...address(), practice: demo().second.practice };
  expect(await logIn(visitor, [own], wrong)).toMatchObject({
    connection: { is: 'refused', why: 'other-practice' },
    place: null,
  });
  expect(await logIn(visitor, [own])).toMatchObject({ place: { role: 'doctor', home: 'own-day' } });
  // A stranger's key under a security key of the stranger's own.
  const stranger = await arrive();
  const secret = '7e'.repeat(32);
  const theirs = await stranger.page.evaluate((key) => staffPage.pair(key, []), secret);
  if (typeof theirs === 'string') throw new Error(theirs);
  expect(await logIn(stranger, [theirs])).toMatchObject({
    connection: { is: 'refused', why: 'unknown-key' },
    place: null,
    roster: [],
  });
  for (const one of [visitor, stranger]) await one.leave();
});

test('one of two security keys is lost: the other opens, and the box forgets the lost one within two minutes', async () => {
  const [owner, finder] = [await arrive(), await arrive()];
  const { secret } = person(box.ready, 'Dr. Alba Testwell');
  // The security key that will be lost is in another hand later: it has a browser of its own.
  const lost = await pairAndStore(finder, secret);
  const kept = await pairAndStore(owner, secret, [lost]);
  expect(await logIn(finder, await fromTheBox(finder, lost))).toMatchObject({ place: { role: 'doctor' } });
  const began = Date.now();
  expect(await logIn(owner, await fromTheBox(owner, kept))).toMatchObject({ place: { role: 'doctor' } });
  const removed = await owner.page.evaluate(
    ([key, credential]) => staffPage.store('DELETE', key, credential, null),
    [secret, lost.credential] as const,
  );
  expect(removed).toBe(204);
  expect(Date.now() - began).toBeLessThan(MINUTES_2);
  expect(await fromTheBox(finder, lost)).toEqual([]);
  expect(await logIn(finder, await fromTheBox(finder, lost))).toBe('pair a security key: none');
  expect(await logIn(owner, await fromTheBox(owner, kept))).toMatchObject({ place: { role: 'doctor' } });
  for (const visitor of [owner, finder]) await visitor.leave();
});
