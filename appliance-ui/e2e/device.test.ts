/** What a device does to its own copy: it fills up, is wiped by the browser, is opened twice, is damaged. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds } from '../lib/protocol/kinds.ts';
import { familyOf, recordOf } from '../lib/session/planted.test-helper.ts';
import { allergyWords } from '../portal/src/health/words/lists.ts';
import { homeWords } from '../portal/src/words/home.ts';
import { loginWords } from '../portal/src/words/login.ts';
import { shellWords } from '../portal/src/words/shell.ts';
import { beforeWorker } from './clock.ts';
import { demo, person, type VisitOptions, Visitor } from './harness.ts';
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
async function withCopy(text?: string, options: VisitOptions = {}, worker = ''): Promise<Visitor> {
  const visitor = await Visitor.arrive({ noCache: worker !== '', ...options });
  if (worker !== '') await beforeWorker(visitor.context, worker);
  await visitor.authenticator();
  await firstVisit(visitor, person(demo().ready, NAME), text);
  await makePasskey(visitor);
  await visitor.see(/Saved on this phone/);
  return visitor;
}

const origin = (visitor: Visitor) => new URL(visitor.portal).origin;

/** From a word of the test on, storage answers in the worker as a full one does. */
function mayFill(): void {
  let full = false;
  new BroadcastChannel('disk').onmessage = () => {
    full = true;
  };
  for (const name of ['add', 'put'] as const) {
    const write = IDBObjectStore.prototype[name];
    IDBObjectStore.prototype[name] = function (this: IDBObjectStore, ...given: [unknown, IDBValidKey?]) {
      if (full) throw new DOMException('the disk is full', 'QuotaExceededError');
      return write.apply(this, given);
    };
  }
}

test('a phone that is full says so, keeps what it had and goes on reading', async () => {
  const { second } = demo();
  const visitor = await withCopy(undefined, { hosts: [new URL(second.relay).host] }, `(${mayFill})();`);
  await visitor.page.evaluate(() => new BroadcastChannel('disk').postMessage('full'));
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

/** Flips a bit in one row of a store of this device. Gives how many rows there are. */
const damage = (visitor: Visitor, store: 'events' | 'people', row: number): Promise<number> =>
  visitor.page.evaluate(
    async ([name, at]) => {
      const done = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const base = await done(indexedDB.open('relaybox'));
      const rows = base.transaction(name, 'readwrite').objectStore(name);
      const all = (await done(rows.getAll())) as { sealed?: Uint8Array; wrapped?: { sealed: Uint8Array } }[];
      const bytes = all.at(at)?.sealed ?? all.at(at)?.wrapped?.sealed;
      if (bytes) bytes[30] = (bytes[30] ?? 0) ^ 1;
      if (bytes) await done(rows.put(all.at(at)));
      base.close();
      return all.length;
    },
    [store, row] as const,
  );

test('a damaged copy is a part and never the whole, and is read anew when the box answers', async () => {
  const { ready } = demo();
  const address = { relay: ready.relay_plain, practice: ready.practice, next: null, name: null };
  const family = await familyOf({ address }, person(ready, NAME));
  const allergy = recordOf(family, kinds.allergy);
  mirror.relay.events = family.events.filter((event) => event !== allergy);
  mirror.claim = { practice: ready.practice, name: 'Mirror', ahead: 0 };
  const visitor = await withCopy(sheet(ready, 'Mirror', mirror.host), { hosts: [mirror.host] });
  await to(visitor.page, '/r/1/health/allergies');
  // What comes while somebody reads lies in a row of its own.
  await visitor.see(allergyWords.en.notLoaded);
  mirror.relay.publish(allergy);
  await visitor.page.getByText(allergyWords.en.notLoaded).waitFor({ state: 'detached' });
  const whole = await visitor.page.locator('main').innerText();
  const seen: string[] = [];
  const line = visitor.page.locator('.offbar');
  // The newest row, then whatever is the oldest: what was damaged comes back behind the others.
  for (const row of [-1, 0, 0]) {
    await visitor.page.getByRole('button', { name: shell.lock }).click();
    await visitor.see(w.lockedAsked);
    expect(await damage(visitor, 'events', row)).toBeGreaterThan(3);
    mirror.away = true;
    mirror.cut();
    await visitor.press(w.passkey);
    await line.waitFor();
    seen.push(await line.innerText());
    for (const path of ['/r/1/health', '/r/1/visits', '/messages', '/visits', '/r/1/health/allergies']) {
      await to(visitor.page, path);
      const words = await visitor.words();
      for (const sentence of noneSentences('en')) expect(words, `${row} ${path}`).not.toContain(sentence);
    }
    mirror.away = false;
    await visitor.page.evaluate(() => dispatchEvent(new Event('online')));
    await line.waitFor({ state: 'detached' });
    const main = visitor.page.locator('main');
    const about = /Last checked.*/;
    await expect.poll(async () => (await main.innerText()).replace(about, '')).toBe(whole.replace(about, ''));
  }
  // A part of the child's record, or of what says whose it is: neither was read as the whole.
  expect(new Set(seen)).toEqual(new Set([shell.offlinePart, shell.offlineNothing]));
  await visitor.leave();
});

test('a wrapped key that is damaged opens nothing, says so, and the locked copy still does', async () => {
  const visitor = await withCopy();
  await visitor.page.getByRole('button', { name: shell.lock }).click();
  await visitor.see(w.lockedAsked);
  expect(await damage(visitor, 'people', 0)).toBe(1);
  await visitor.press(w.passkey);
  await visitor.see(w.wrongKey);
  await visitor.speak('es');
  await visitor.see(loginWords.es.wrongKeySub);
  expect(await visitor.words()).not.toContain('Wren');
  await visitor.leave();
});
