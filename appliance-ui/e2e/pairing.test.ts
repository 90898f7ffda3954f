/** A staff member's own security keys in a real browser, under the staff host's name; the box is not asked. */
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Paired } from '../lib/login/pairing.ts';
import { Bare } from './bare.ts';
import { Visitor } from './harness.ts';
import { giveAnswers, noteAnswers } from './passkeys.ts';

const STAFF = 'staff.localhost';
const ADMIN = 'admin.localhost';
const secret = randomBytes(32).toString('hex');

let server: Bare;
beforeAll(async () => {
  server = await Bare.serve('staff.ts');
});
afterAll(() => server.close());

/** Somebody with one security key, at the staff page. */
async function arrive(): Promise<Visitor> {
  const hosts = [STAFF, ADMIN].map((name) => new URL(server.at(name)).host);
  const visitor = await Visitor.arrive({ hosts });
  await visitor.page.goto(server.at(STAFF));
  return visitor;
}

const pair = ({ page }: { readonly page: Page }, paired: readonly Paired[] = []) =>
  page.evaluate(([secret, paired]) => staffPage.pair(secret, paired), [secret, paired] as const);
const open = ({ page }: { readonly page: Page }, paired: readonly Paired[]) =>
  page.evaluate((paired) => staffPage.open(paired), paired);

async function paired(visitor: Visitor, before: readonly Paired[] = []): Promise<Paired> {
  const one = await pair(visitor, before);
  if (typeof one === 'string') throw new Error(one);
  return one;
}

test('a security key that gives its secret at get only is paired, and one touch opens the staff key', async () => {
  const visitor = await arrive();
  await visitor.authenticator('plugged-in');
  expect(await visitor.page.evaluate(() => staffPage.atMaking())).toEqual({ enabled: true });
  const one = await paired(visitor);
  expect(one).toMatchObject({ host: STAFF, wrapped: expect.stringMatching(/^[0-9a-f]{160}$/) });
  expect(JSON.stringify(one)).not.toContain(secret);
  expect(await open(visitor, [one])).toEqual([secret, one.credential]);
  await visitor.page.reload();
  expect(await open(visitor, [one])).toEqual([secret, one.credential]);
  await visitor.leave();
});

test('a second enrolment on one security key is refused, and where it was not known of it destroys nothing', async () => {
  const visitor = await arrive();
  const { cdp, id } = await visitor.authenticator();
  const first = await paired(visitor);
  expect(await pair(visitor, [first])).toBe('pair a security key: already-yours');
  const second = await paired(visitor);
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId: id });
  expect(new Set(credentials.map(({ userHandle }) => userHandle)).size).toBe(2);
  for (const one of [first, second]) expect(await open(visitor, [one])).toEqual([secret, one.credential]);
  await visitor.leave();
});

test('one of two security keys is lost: the second opens, the lost one is removed and opens nothing', async () => {
  const [owner, finder] = [await arrive(), await arrive()];
  await owner.authenticator();
  // The security key that will be lost is in another hand later: it has a browser of its own.
  await finder.authenticator();
  const lost = await paired(finder);
  const both = [lost, await paired(owner, [lost])];
  expect(await open(finder, both)).toEqual([secret, lost.credential]);
  expect(await open(owner, both)).toEqual([secret, both[1]?.credential]);
  const left = await owner.page.evaluate(([all, lost]) => staffPage.without(all, lost), [
    both,
    lost.credential,
  ] as const);
  expect(left.map(({ credential }) => credential)).toEqual([both[1]?.credential]);
  expect(await open(finder, left)).toBe('pair a security key: cancelled');
  expect(await open(owner, left)).toEqual([secret, both[1]?.credential]);
  for (const visitor of [owner, finder]) await visitor.leave();
});

test('the admin page has a pairing of its own, and cannot use that of the staff page', async () => {
  const visitor = await arrive();
  await visitor.authenticator();
  const staff = await paired(visitor);
  await visitor.page.goto(server.at(ADMIN));
  expect(await open(visitor, [staff])).toBe('pair a security key: none');
  // The admin page asks under the staff page's name: the browser refuses before the security key is asked.
  const taken = await visitor.page.evaluate(([all, host]) => staffPage.open(all, host), [
    [staff],
    STAFF,
  ] as const);
  expect(taken).toBe('pair a security key: no-secret');
  const admin = await paired(visitor, [staff]);
  expect(await open(visitor, [staff, admin])).toEqual([secret, admin.credential]);
  const moved = { ...admin, wrapped: staff.wrapped };
  expect(await open(visitor, [moved])).toBe('pair a security key: wrong-key');
  await visitor.leave();
});

test('without user verification a security key pairs and opens nothing', async () => {
  const visitor = await arrive();
  const { cdp, id } = await visitor.authenticator();
  const answers = await noteAnswers(visitor.page);
  await visitor.page.reload();
  const one = await paired(visitor);
  await giveAnswers(visitor.page, answers);
  await visitor.page.reload();
  expect(await open(visitor, [one])).toEqual([secret, one.credential]);
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: false });
  expect(await open(visitor, [one])).toBe('pair a security key: cancelled');
  expect(await pair(visitor)).toBe('pair a security key: cancelled');
  // A browser that asks the security key for less than the page did, and hands over the secret all the same: then the
  // security key's own word is what counts.
  await visitor.page.evaluate(() => {
    const { credentials } = navigator;
    const [create, get] = [credentials.create.bind(credentials), credentials.get.bind(credentials)];
    credentials.create = async ({ publicKey } = {}) => {
      if (!publicKey) return null;
      const authenticatorSelection = { userVerification: 'discouraged' } as const;
      return create({ publicKey: { ...publicKey, authenticatorSelection, extensions: {} } });
    };
    credentials.get = async ({ publicKey } = {}) => {
      if (!publicKey) return null;
      return get({ publicKey: { ...publicKey, userVerification: 'discouraged', extensions: {} } });
    };
  });
  expect(await open(visitor, [one])).toBe('pair a security key: no-secret');
  // A security key that can verify makes nothing for somebody it does not know.
  expect(await pair(visitor)).toBe('pair a security key: cancelled');
  await visitor.leave();
});
