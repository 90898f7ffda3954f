/** Steps that several journeys take, by the words on the screens. */
import { SecretKey, toNsec } from '../lib/protocol/keys.ts';
import type { DemoPerson, Ready } from '../lib/relay/box.test-helper.ts';
import { keyWords } from '../portal/src/words/key.ts';
import { loginWords } from '../portal/src/words/login.ts';
import { shellWords } from '../portal/src/words/shell.ts';
import type { Visitor } from './harness.ts';

const w = loginWords.en;
const shell = shellWords.en;

export const PASSWORD = 'five small words for one copy';

export const nsec = ({ secret }: { readonly secret: string }): string => {
  const key = SecretKey.fromHex(secret);
  if (!key) throw new Error('no key');
  return toNsec(key);
};

/** What an access sheet says: the practice's address, and no secret. Of another relay than the box's own by `host`. */
export function sheet(
  ready: Pick<Ready, 'relay' | 'practice'>,
  name: string,
  host = new URL(ready.relay).host,
): string {
  return `nostr+ehr://${host}?pk=${ready.practice}&name=${encodeURIComponent(name)}`;
}

/** Opens with a key at the clinic of a sheet, without the lesson and without a passkey. Waits for nothing of the record.
 * `before` happens before the first page of it. */
export async function enterBySheet(
  visitor: Visitor,
  text: string,
  who: { readonly secret: string },
  before: () => Promise<unknown> = async () => {},
): Promise<void> {
  const { page } = visitor;
  const words = loginWords[visitor.lang];
  await visitor.goto('/in/more');
  await page.getByRole('button', { name: words.otherClinic }).click();
  await page.getByLabel(words.address).fill(text);
  await visitor.press(words.goOn);
  await visitor.press(keyWords[visitor.lang].only);
  await page.getByLabel(words.key, { exact: true }).fill(nsec(who));
  await page.getByRole('button', { name: words.open }).first().click();
  await page.waitForURL(/\/in\/keep/);
  await visitor.press(words.skip);
  await before();
  await visitor.press(words.notNow);
  await page.waitForURL((url) => !url.pathname.startsWith('/in'));
}

/** From the door to the first record, as a parent does it who has the access sheet and a key. */
export async function firstVisit(
  visitor: Visitor,
  who: DemoPerson & { readonly secret: string },
  text = sheet(visitor.ready, 'Sampleville Pediatrics'),
): Promise<void> {
  const { page } = visitor;
  await visitor.goto('/');
  await visitor.press(w.first);
  await visitor.press(w.otherClinic);
  await page.getByLabel(w.address).fill(text);
  await visitor.press(w.goOn);
  await visitor.press(w.haveKey);
  await visitor.press(keyWords.en.only);
  await page.getByLabel(w.key, { exact: true }).fill(nsec(who));
  await visitor.press(w.open);
  for (const screen of [w.lessons.one, w.lessons.two, w.lessons.three]) {
    await visitor.heading(screen.title).waitFor();
    await visitor.press(w.next);
  }
}

/** Makes the passkey after the lesson, with its locked copy kept. Gives the copy. */
export async function makePasskey(visitor: Visitor): Promise<string> {
  const { page } = visitor;
  await visitor.press(w.makePasskey);
  await page.getByLabel(w.newPassword).fill(PASSWORD);
  await page.getByLabel(w.repeat).fill(PASSWORD);
  await visitor.press(w.makeCopy);
  await visitor.heading(w.copyTitle).waitFor();
  const copy = (await page.getByText(/^ncryptsec1/).textContent()) ?? '';
  await page.getByLabel(w.kept).check();
  await visitor.press(w.finish);
  await page.waitForURL(/\/r\/1$/);
  return copy;
}

export async function readGrowth(visitor: Visitor, name: string): Promise<void> {
  await visitor.page.getByRole('link', { name: shell.health }).first().click();
  await visitor.page
    .getByRole('link', { name: /^Growth/ })
    .first()
    .click();
  await visitor.heading(`${name}’s growth`).waitFor();
  await visitor.see(/Out of 100 (boys|girls)/);
  await visitor.see('The same as a table');
}
