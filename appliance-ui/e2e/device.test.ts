/** What a device does to its own copy: it fills up, is wiped by the browser, is opened twice, is damaged. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allergyWords } from '../portal/src/health/words/lists.ts';
import { homeWords } from '../portal/src/words/home.ts';
import { loginWords } from '../portal/src/words/login.ts';
import { shellWords } from '../portal/src/words/shell.ts';
import { demo, person, Visitor } from './harness.ts';
import { Mirror } from './mirror.ts';
import { noneSentences } from './none.ts';
import { giveAnswers, noteAnswers } from './passkeys.ts';
import { firstVisit, makePasskey, sheet } from './steps.ts';
import { to } from './walk.ts';

const w = loginWords.en;
const shell = shellWords.en;
const home = homeWords.en;
const NAME = 'Linden Samplewood';
let mirror: Mirror;

beforeAll(async () => {
  mirror = await Mirror.start(demo().template);
});
afterAll(() => mirror.stop());

/** A parent with a passkey on this device, whose record is saved on it. */
async function withCopy(text?: string, hosts: readonly string[] = []): Promise<Visitor> {
  const visitor = await Visitor.arrive({ hosts });
  await visitor.authenticator();
  await firstVisit(visitor, person(demo().ready, NAME), text);
  await makePasskey(visitor);
  await visitor.see(/Saved on this phone/);
  return visitor;
}

const origin = (visitor: Visitor) => new URL(visitor.portal).origin;

test('a phone that is full says so, keeps what it had and goes on reading', async () => {
  const { second } = demo();
  const visitor = await withCopy(undefined, [new URL(second.relay).host]);
  const cdp = await visitor.context.newCDPSession(visitor.page);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: origin(visitor), quotaSize: 1_000 });
  // Another clinic's records would have to be saved as well.
  await to(visitor.page, '/practices');
  await visitor.page.getByLabel(w.address).fill(sheet(second, 'Second Street Pediatrics'));
  await visitor.press(w.goOn);
  await visitor.see(shell.noRoom);
  await visitor.see(shell.noRoomSub);
  await to(visitor.page, '/');
  await visitor.page.waitForURL(/\/r\/\d+$/);
  await visitor.see(home.notSaved);
  await visitor.speak('es');
  await visitor.see(shellWords.es.noRoom);
  expect(await visitor.words()).toContain('Wren');
  await visitor.leave();
});

test('a browser that wipes its storage is noticed while reading, and the record opens again with a passkey', async () => {
  const visitor = await withCopy();
  const cdp = await visitor.context.newCDPSession(visitor.page);
  const wipe = () => cdp.send('Storage.clearDataForOrigin', { origin: origin(visitor), storageTypes: 'all' });
  await wipe();
  await visitor.see(shell.removed);
  await visitor.see(shell.removedSub);
  expect(await visitor.words()).not.toMatch(/Saved on this phone/);
  await visitor.speak('es');
  await visitor.see(shellWords.es.removedSub);
  await visitor.speak('en');
  // The way that the note shows: another passkey, another locked copy, and the record is saved again.
  await visitor.press(shell.makePasskey);
  await visitor.press(w.skip);
  await makePasskey(visitor);
  await visitor.see(/Saved on this phone/);
  expect(await visitor.words()).not.toContain(shell.removed);
  // Wiped while nobody looks: the door is that of a first visit and does not promise a passkey.
  await visitor.page.getByRole('button', { name: shell.lock }).click();
  await visitor.see(w.lockedAsked);
  await wipe();
  await visitor.page.reload();
  await visitor.press(w.first);
  await visitor.see(w.clinicQ);
  await visitor.leave();
});

test('of two tabs one keeps and says nothing, the other says so until the first is closed', async () => {
  const visitor = await Visitor.arrive();
  const answers = await noteAnswers(visitor.page);
  const { cdp, id } = await visitor.authenticator();
  await firstVisit(visitor, person(demo().ready, NAME));
  await makePasskey(visitor);
  await visitor.see(/Saved on this phone/);
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId: id });
  const other = await visitor.tab();
  await giveAnswers(other.page, answers);
  const second = await other.authenticator();
  for (const credential of credentials)
    await second.cdp.send('WebAuthn.addCredential', { authenticatorId: second.id, credential });
  await other.goto('/');
  await other.press(w.passkey);
  await other.see(shell.elsewhere);
  await other.see('Wren');
  expect(await visitor.words()).not.toContain(shell.elsewhere);
  await other.speak('es');
  await other.see(shellWords.es.elsewhereSub);
  await visitor.page.close();
  await other.page.getByText(shellWords.es.elsewhere).waitFor({ state: 'detached' });
  await visitor.leave();
});

/** Flips a bit in every row of saved records, or in the wrapped key. */
const damage = (visitor: Visitor, store: 'events' | 'people') =>
  visitor.page.evaluate(async (name) => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const base = await done(indexedDB.open('relaybox'));
    const rows = base.transaction(name, 'readwrite').objectStore(name);
    const all = (await done(rows.getAll())) as { sealed?: Uint8Array; wrapped?: { sealed: Uint8Array } }[];
    // The last rows: what came last, and what no gap in a chain would betray.
    const bent = name === 'events' ? all.slice(-1) : all;
    for (const row of bent) {
      const bytes = row.sealed ?? row.wrapped?.sealed;
      if (bytes) bytes[30] = (bytes[30] ?? 0) ^ 1;
      await done(rows.put(row));
    }
    base.close();
    return [all.length, bent.length];
  }, store);

test('a damaged copy is a part and never the whole, and is read anew when the box answers', async () => {
  const real = new URL(demo().ready.relay).host;
  expect(real).not.toBe('');
  const { events } = await (await import('../lib/session/planted.test-helper.ts')).familyOf(
    { address: { relay: demo().ready.relay_plain, practice: demo().ready.practice, next: null, name: null } },
    person(demo().ready, NAME),
  );
  mirror.relay.events = [...events];
  mirror.claim = { practice: demo().ready.practice, name: 'Mirror', ahead: 0 };
  const visitor = await withCopy(sheet(demo().ready, 'Mirror', mirror.host), [mirror.host]);
  await to(visitor.page, '/r/1/health/allergies');
  expect(await visitor.words()).not.toContain(allergyWords.en.notLoaded);
  await visitor.page.getByRole('button', { name: shell.lock }).click();
  await visitor.see(w.lockedAsked);
  expect((await damage(visitor, 'events'))[1]).toBe(1);
  mirror.away = true;
  mirror.cut();
  await visitor.press(w.passkey);
  await visitor.see(shell.offlinePart);
  await visitor.see(allergyWords.en.notLoaded);
  for (const path of ['/r/1/health', '/r/1/health/allergies', '/r/1/visits', '/messages', '/visits']) {
    await to(visitor.page, path);
    const words = await visitor.words();
    for (const sentence of noneSentences('en')) expect(words, path).not.toContain(sentence);
  }
  await to(visitor.page, '/r/1/health/allergies');
  mirror.away = false;
  await visitor.page.evaluate(() => dispatchEvent(new Event('online')));
  await visitor.page.getByText(allergyWords.en.notLoaded).waitFor({ state: 'detached' });
  await visitor.page.getByText(shell.offlinePart).waitFor({ state: 'detached' });
  await visitor.leave();
});

test('a wrapped key that is damaged opens nothing, says so, and the locked copy still does', async () => {
  const visitor = await withCopy();
  await visitor.page.getByRole('button', { name: shell.lock }).click();
  await visitor.see(w.lockedAsked);
  await damage(visitor, 'people');
  await visitor.press(w.passkey);
  await visitor.see(w.wrongKey);
  await visitor.speak('es');
  await visitor.see(loginWords.es.wrongKeySub);
  expect(await visitor.words()).not.toContain('Wren');
  await visitor.leave();
});
