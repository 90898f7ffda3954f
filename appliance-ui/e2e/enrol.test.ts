/**
 * A family that is new at the clinic: the sheet from the desk, a fresh key, four words on both screens, and the record
 * as soon as staff have signed the key in. And keys that people bring: where else are they used?
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Box } from '../lib/relay/box.test-helper.ts';
import { Staff } from '../lib/session/staff.test-helper.ts';
import { keyWords } from '../portal/src/words/key.ts';
import { loginWords } from '../portal/src/words/login.ts';
import { shellWords } from '../portal/src/words/shell.ts';
import { Desk } from './enrol.ts';
import { demo, person, Visitor } from './harness.ts';
import { fingerprint } from './setup.ts';
import { nsec, readGrowth, sheet } from './steps.ts';
import { axe, overflow } from './walk.ts';

const w = loginWords.en;
const k = keyWords.en;
const shell = shellWords.en;
let box: Box;

beforeAll(async () => {
  box = await Box.start(demo().template);
  // The same authority and key as the template's: the browser trusts it already.
  expect(demo().fingerprints).toContain(fingerprint(box.folder));
});
afterAll(() => box.stop());

/** From the door to the question for whom the key is. */
async function scan(visitor: Visitor, token: string): Promise<void> {
  await visitor.goto('/');
  await visitor.press(w.first);
  await visitor.press(w.otherClinic);
  const text = `${sheet(box.ready, 'Sampleville Pediatrics')}&t=${token}`;
  await visitor.page.getByLabel(w.address).fill(text);
  await visitor.press(w.goOn);
}

test('a sheet from the desk: a fresh key, the same four words on both screens, a passkey, then the record', async () => {
  const doctor = person(box.ready, 'Dr. Alba Testwell');
  const desk = new Desk(box.ready, doctor);
  const token = await desk.token();
  const visitor = await Visitor.arrive({ ready: box.ready });
  const { page } = visitor;
  await scan(visitor, token);
  await visitor.press(k.guardian);
  // The main deed of the page is a fresh key.
  const main = page.locator('main button.tall');
  expect(await main.innerText()).toBe(w.newKey);
  await main.click();
  await visitor.heading(k.sent).waitFor();
  const [waiting, ...others] = await desk.waiting();
  if (!waiting) throw new Error('nobody waits');
  expect(others).toEqual([]);
  expect(waiting.role).toBe('guardian');
  await visitor.see(waiting.words.join(' · '));
  expect(await axe(page)).toEqual([]);
  expect(await overflow(page)).toEqual([]);

  await visitor.press(w.goOn);
  await visitor.press(w.skip);
  // Only now: the session in which axe came in takes an authenticator away with it.
  await visitor.authenticator();
  await visitor.press(w.makePasskey);
  await makeCopy(visitor);
  await visitor.see(shell.keyWaits);
  await visitor.see(new RegExp(waiting.words.join(' · ')));

  // At the desk: the same words, so the key is signed in for a child of the demo.
  const staff = await Staff.logIn(box, doctor);
  const child = person(box.ready, 'Dana Demofield').children[0] ?? '';
  const link = await staff.signIn(child, waiting);
  await staff.confirm(link, child, waiting.key);
  staff.stop();
  await page.waitForURL(/\/r\/1$/);
  await visitor.see('Jasper');
  await readGrowth(visitor, 'Jasper');
  await visitor.leave();
});

/** The locked copy on a page that does not lead to a record yet. */
async function makeCopy(visitor: Visitor): Promise<void> {
  const { page } = visitor;
  await page.getByLabel(w.newPassword).fill('five small words for one copy');
  await page.getByLabel(w.repeat).fill('five small words for one copy');
  await visitor.press(w.makeCopy);
  await page.getByLabel(w.kept).check();
  await visitor.press(w.finish);
  await page.waitForURL((url) => url.pathname === '/');
}

test('a sheet works once: whoever comes second is told so, and no key waits for them', async () => {
  const desk = new Desk(box.ready, person(box.ready, 'Dr. Alba Testwell'));
  const token = await desk.token();
  const before = (await desk.waiting()).length;
  for (const said of [k.sent, k.sheetOver]) {
    const visitor = await Visitor.arrive({ ready: box.ready });
    await scan(visitor, token);
    await visitor.press(k.own);
    await visitor.press(w.newKey);
    await visitor.see(said);
    await visitor.leave();
  }
  expect((await desk.waiting()).length).toBe(before + 1);
});

test('whoever brings a key is asked where else it is used, and warned of a public profile before it is given', async () => {
  const visitor = await Visitor.arrive({ ready: box.ready });
  const { page } = visitor;
  for (const way of ['/in/more', '/in/first'] as const) {
    await visitor.goto(way);
    if (way === '/in/first') {
      await page.getByRole('button', { name: w.enterClinic('').trim() }).click();
      await visitor.press(w.haveKey);
    }
    await visitor.see(k.elsewhereQ);
    expect(await page.getByLabel(w.key, { exact: true }).count()).toBe(0);
    await visitor.press(k.others);
    await visitor.see(k.profile);
    expect(await axe(page)).toEqual([]);
    expect(await page.getByLabel(w.key, { exact: true }).count()).toBe(0);
    await visitor.press(k.anyway);
    await page.getByLabel(w.key, { exact: true }).waitFor();
  }
  // A new key is one press away from the warning.
  await visitor.goto('/in/more');
  await visitor.press(k.others);
  await visitor.press(k.fresh);
  await page.waitForURL(/\/in\/first$/);
  // A key that is used for nothing else is given without a warning.
  await visitor.goto('/in/more');
  await visitor.press(k.only);
  await page.getByLabel(w.key, { exact: true }).fill(nsec(person(box.ready, 'Dana Demofield')));
  await page.getByRole('button', { name: w.open }).first().click();
  await page.waitForURL(/\/in\/keep/);
  await visitor.leave();
});
