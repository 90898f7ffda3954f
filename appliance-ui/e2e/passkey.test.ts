/**
 * A key of one's own: the first visit by the access sheet, a passkey, lock, and reading without any network after
 * the browser was closed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { homeWords } from '../portal/src/words/home.ts';
import { keyWords } from '../portal/src/words/key.ts';
import { loginWords } from '../portal/src/words/login.ts';
import { shellWords } from '../portal/src/words/shell.ts';
import { HandClock } from './clock.ts';
import { demo, PHONE, person, Visitor } from './harness.ts';
import { giveAnswers, noteAnswers } from './passkeys.ts';
import { findSecrets } from './scan.ts';
import { chromiumOptions } from './setup.ts';
import { firstVisit, makePasskey, nsec, PASSWORD, readGrowth } from './steps.ts';
import { to } from './walk.ts';

const w = loginWords.en;
const shell = shellWords.en;
const MINUTE = 60_000;

test('a parent comes with an access sheet, makes a passkey, and reads a growth chart', async () => {
  const visitor = await Visitor.arrive();
  await visitor.authenticator();
  await firstVisit(visitor, person(demo().ready, 'Dana Demofield'));
  const copy = await makePasskey(visitor);
  expect(copy).toMatch(/^ncryptsec1[02-9a-z]{100,}$/);
  await readGrowth(visitor, 'Jasper');
  // A reload drops the key. One touch opens again, where the person stands is theirs to choose.
  await visitor.page.reload();
  await visitor.press(w.passkey);
  await visitor.page.waitForURL(/\/r\/1/);
  await visitor.see(homeWords.en.newFor('Jasper'));
  await visitor.leave();
});

/** The key of the page "Your key". */
const npub = async ({ page }: Visitor) => (await page.getByText(/^npub1/).textContent()) ?? '';

test('the locked copy opens the same record on another phone, which makes a passkey of its own for the same key', async () => {
  const first = await Visitor.arrive();
  await first.authenticator();
  await firstVisit(first, person(demo().ready, 'Linden Samplewood'));
  const copy = await makePasskey(first);
  await to(first.page, '/keys');
  const mine = await npub(first);
  expect(mine).toMatch(/^npub1/);
  await first.leave();

  const second = await Visitor.arrive();
  await second.authenticator();
  const { page } = second;
  await second.goto('/in/more');
  await second.press(keyWords.en.only);
  await page.getByLabel(w.key, { exact: true }).fill(copy);
  await page.getByLabel(w.password).fill('not the password at all');
  await page.getByRole('button', { name: w.open }).first().click();
  await second.see(w.wrongPassword);
  await page.getByLabel(w.password).fill(PASSWORD);
  await page.getByRole('button', { name: w.open }).first().click();
  await page.waitForURL(/\/in\/keep/);
  await second.press(w.skip);
  await makePasskey(second);
  await second.see('Wren');
  // The passkey of the second phone opens the very same key.
  await page.reload();
  await second.press(w.passkey);
  await page.waitForURL(/\/r\/1$/);
  await second.see('Wren');
  await to(page, '/keys');
  expect(await npub(second)).toBe(mine);
  await second.leave();
});

/** A parent reads a growth chart; the search finds what stands there, and a key that the test itself put down. */
async function readAndSearch(visitor: Visitor): Promise<Readonly<Record<string, string>>> {
  const who = person(demo().ready, 'Dana Demofield');
  // The door of a demo box lists the demo's people with their keys; that of a real box has nobody to list.
  await visitor.context.route('**/dev.json', (route) => route.fulfill({ status: 404 }));
  await visitor.authenticator();
  await firstVisit(visitor, who);
  await makePasskey(visitor);
  await readGrowth(visitor, 'Jasper');
  const secrets = {
    'the key as hex': who.secret,
    'the key as nsec': nsec(who),
    'a name': 'Jasper',
    'a family name': 'Demofield',
    'the name of a vaccine': 'trivalent',
    'an answer of the nurse': 'two puffs fifteen minutes before',
  };
  const planted = 'nsec1plantedplantedplantedplantedplanted';
  await visitor.page.evaluate((text) => {
    (globalThis as { planted?: unknown }).planted = { text };
    localStorage.setItem('planted', text);
  }, planted);
  const open = await findSecrets(visitor.page, { ...secrets, planted });
  expect(open).toContain('a name: page');
  expect(open).toContain('a name: memory');
  expect(open).toContain('planted: memory');
  expect(open).toContain('planted: storage');
  await visitor.page.evaluate(() => {
    delete (globalThis as { planted?: unknown }).planted;
    localStorage.removeItem('planted');
  });
  return secrets;
}

test('after a lock no word of the record and no key is in storage, page or memory', async () => {
  const visitor = await Visitor.arrive();
  const secrets = await readAndSearch(visitor);
  await visitor.page.getByRole('button', { name: shell.lock }).click();
  await visitor.see(w.lockedAsked);
  expect(await findSecrets(visitor.page, secrets)).toEqual([]);
  await visitor.leave();
});

test('after fifteen minutes without input the screen locks, and the secrets are gone from memory', async () => {
  const clock = new HandClock();
  const visitor = await Visitor.arrive({ clock });
  const secrets = await readAndSearch(visitor);
  await clock.pass(visitor.page, 14 * MINUTE);
  expect(await findSecrets(visitor.page, secrets)).toContain('a name: page');
  await clock.pass(visitor.page, MINUTE);
  await visitor.see(w.lockedIdle);
  expect(await findSecrets(visitor.page, secrets)).toEqual([]);
  await visitor.leave();
});

test('after a lock one touch gives the page back', async () => {
  const visitor = await Visitor.arrive();
  await visitor.authenticator();
  await firstVisit(visitor, person(demo().ready, 'Dana Demofield'));
  await makePasskey(visitor);
  await readGrowth(visitor, 'Jasper');
  await visitor.page.getByRole('button', { name: shell.lock }).click();
  await visitor.see(w.lockedAsked);
  expect(await visitor.words()).not.toContain('growth');
  await visitor.press(w.passkey);
  await visitor.heading('Jasper’s growth').waitFor();
  await visitor.leave();
});

test('the browser is closed, the network is gone: one touch opens the record as it was saved', async () => {
  const profile = mkdtempSync(join(tmpdir(), 'relaybox-profile-'));
  const launch = () =>
    chromium.launchPersistentContext(profile, {
      ...chromiumOptions(demo().fingerprints),
      viewport: PHONE,
      locale: 'en-US',
    });
  try {
    const before = await Visitor.of(await launch());
    const answers = await noteAnswers(before.page);
    const { cdp, id } = await before.authenticator();
    await firstVisit(before, person(demo().ready, 'Dana Demofield'));
    await makePasskey(before);
    await readGrowth(before, 'Jasper');
    await before.page.evaluate(() => navigator.serviceWorker.ready.then(() => null));
    await before.page.getByRole('link', { name: shell.home }).first().click();
    await before.see(/Saved on this phone/);
    const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId: id });
    await before.leave();

    const after = await Visitor.of(await launch());
    await giveAnswers(after.page, answers);
    const second = await after.authenticator();
    for (const credential of credentials) {
      await second.cdp.send('WebAuthn.addCredential', { authenticatorId: second.id, credential });
    }
    await after.context.setOffline(true);
    await after.goto('/');
    await after.press(w.passkey);
    await after.page.waitForURL(/\/r\/1/);
    await after.see(
      /No connection\. This is what your phone saved|The clinic’s box does not answer\. You are reading/,
    );
    await readGrowth(after, 'Jasper');
    // The connection comes back by itself.
    await after.context.setOffline(false);
    await after.page
      .getByText(/No connection\.|box does not answer/)
      .waitFor({ state: 'detached', timeout: 90_000 });
    await after.leave();
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }
});
