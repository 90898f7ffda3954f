/** Who sees what: both parents, a teenager beside the parent, a stranger, an access that ends, a second practice. */
import { expect, test } from 'vitest';
import { Box } from '../lib/relay/box.test-helper.ts';
import { Staff } from '../lib/session/staff.test-helper.ts';
import { homeWords } from '../portal/src/words/home.ts';
import { keyWords } from '../portal/src/words/key.ts';
import { shellWords } from '../portal/src/words/shell.ts';
import { demo, person, Visitor } from './harness.ts';
import { sheet } from './steps.ts';
import { addresses, to } from './walk.ts';

const home = homeWords.en;
const shell = shellWords.en;

/** The words of every page of a visitor's record, with the lines that paper would have. */
async function allWords(visitor: Visitor): Promise<string> {
  const parts: string[] = [];
  for (const [path, address] of await addresses(visitor)) {
    await to(visitor.page, address);
    parts.push(`${path}\n${await visitor.words()}`);
    await visitor.page.emulateMedia({ media: 'print' });
    parts.push(await visitor.words());
    await visitor.page.emulateMedia({ media: 'screen' });
  }
  return parts.join('\n');
}

test('separated parents read the same record, each with an own key and own letters', async () => {
  const seen = [];
  for (const name of ['Paula Mockingham', 'Stefan Mockingham']) {
    const visitor = await Visitor.arrive();
    await visitor.enter(person(demo().ready, name));
    await visitor.see('Olive');
    await to(visitor.page, '/r/1/health/vaccines');
    await visitor.see('Each dose in detail');
    seen.push((await visitor.page.locator('main').innerText()).replace(/Last checked.*/, ''));
    await to(visitor.page, '/r/1/readers');
    await visitor.see(/Paula Mockingham|You/);
    await visitor.leave();
  }
  const lines = seen.map((text) => text.split('\n').filter((line) => line.trim() !== ''));
  expect(lines[0]?.filter((line) => !lines[1]?.includes(line))).toEqual([]);
  expect(lines[1]?.filter((line) => !lines[0]?.includes(line))).toEqual([]);
  expect(seen[0]).toContain('Chickenpox');
});

test('a teenager sees what is confidential; the parent beside gets no page, count, notice or printed line of it', async () => {
  const { ready } = demo();
  const teen = await Visitor.arrive();
  await teen.enter(person(ready, 'Casey Fictional (own key)'));
  await teen.see(home.whoSees);
  await teen.see(home.privateTitle);
  const own = await allWords(teen);
  await teen.leave();

  const parent = await Visitor.arrive();
  await parent.enter(person(ready, 'Noor Fictional'));
  await parent.see('Casey');
  // By the age alone, as for every child of that age.
  await parent.see('14 · limited');
  const beside = await allWords(parent);
  await parent.leave();

  expect(own).toMatch(/private|confidential/i);
  expect(beside).not.toMatch(
    /confidential|private letter|private visit|sealed|only you and your clinicians/i,
  );
  expect(beside).not.toContain(home.privateTitle);
  expect(beside).not.toMatch(/cannot tell whether one is missing/);
  expect(beside.length).toBeGreaterThan(2_000);
});

test('a key that nobody knows here is told so and shown nothing', async () => {
  const visitor = await Visitor.arrive();
  const { ready } = demo();
  const stranger = person(ready, 'Dr. Basil Mockford');
  // The clinic's doctor has a key of staff: at the portal it opens no record as a parent's would.
  await visitor.goto('/in/more');
  await visitor.press(keyWords.en.only);
  await visitor.page.getByLabel('Your key', { exact: true }).fill(
    (await import('../lib/protocol/keys.ts')).toNsec(
      // A key drawn from nobody.
      (await import('../lib/protocol/testing.ts')).keys('a stranger'),
    ),
  );
  await visitor.page.getByRole('button', { name: 'Open the record' }).first().click();
  await visitor.page.waitForURL(/keep/);
  await to(visitor.page, '/');
  await visitor.see(shell.unknownKey('Sampleville Pediatrics'));
  expect(await visitor.words()).not.toMatch(/Jasper|Olive|Casey/);
  expect(stranger.role).toBe('doctor');
  await visitor.leave();
});

test('a parent whose link ends while looking is told within a second, and the record is gone', async () => {
  const box = await Box.start(demo().template);
  try {
    const visitor = await Visitor.arrive({ ready: box.ready });
    const parent = person(box.ready, 'Dana Demofield');
    await visitor.enter(parent);
    await to(visitor.page, '/r/1/health/growth');
    await visitor.heading('Jasper’s growth').waitFor();
    const staff = await Staff.logIn(box, person(box.ready, 'Dr. Alba Testwell'));
    const child = box.ready.persons.find(({ name }) => name.startsWith('Jasper'))?.pubkey ?? '';
    const sentence = visitor.page.getByText(/^Your access to Jasper’s record ended on /);
    await staff.endLink(child, parent.pubkey);
    const told = Date.now();
    await sentence.waitFor({ timeout: 5_000 });
    const waited = Date.now() - told;
    await visitor.see(shell.endedSub('Jasper'));
    expect(await visitor.page.locator('svg[role="img"]').count()).toBe(0);
    // A shared machine is slow; the promise is a second.
    expect(waited).toBeLessThan(1_000);
    // The other children stay.
    await to(visitor.page, '/r/2');
    await visitor.see(/Hugo/);
    staff.stop();
    await visitor.leave();
  } finally {
    await box.stop();
  }
});

test('a second practice on another box opens with the same key, without signing in again', async () => {
  const { ready, second } = demo();
  const visitor = await Visitor.arrive({ hosts: [new URL(second.relay).host] });
  await visitor.enter(person(ready, 'Dana Demofield'));
  await visitor.see('Jasper');
  await to(visitor.page, '/practices');
  await visitor.page.getByLabel('Text of the access sheet').fill(sheet(second, 'Second Street Pediatrics'));
  await visitor.press('Go on');
  await visitor.page.getByText('Second Street Pediatrics').first().waitFor();
  await to(visitor.page, '/');
  await visitor.see('Jasper');
  const sockets = visitor.watch.sockets.map((url) => new URL(url).host);
  expect(sockets).toContain(new URL(second.relay).host);
  await visitor.leave();
});

test('records of somebody who left stay genuine, and say that the person left', async () => {
  const visitor = await Visitor.arrive();
  await visitor.enter(person(demo().ready, 'Dana Demofield'));
  await to(visitor.page, '/r/1/health/vaccines');
  await visitor.page.getByText('Each dose in detail').first().click();
  await visitor.see(/Nils Formerly/);
  await to(visitor.page, '/r/1/visits');
  await visitor.leave();
});
