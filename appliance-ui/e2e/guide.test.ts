/**
 * From the page that `make run` prints to a growth chart, clicking only what a person can read on the screen. Its
 * pictures stand in docs/guide: `GUIDE_PICTURES=1 npm run journeys guide` takes them anew.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { demo, Visitor } from './harness.ts';
import { PICTURES, settled } from './walk.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = process.env.GUIDE_PICTURES ? join(ROOT, 'docs', 'guide', 'pictures') : join(PICTURES, 'guide');

test('from the start page to a child’s growth chart by the words on the screen alone', async () => {
  mkdirSync(FOLDER, { recursive: true });
  const visitor = await Visitor.arrive({ hosts: [new URL(demo().ready.origins.start).host] });
  const { page } = visitor;
  const shoot = (name: string) =>
    page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' });
  const click = (words: string | RegExp) => page.getByText(words).filter({ visible: true }).first().click();

  await page.goto(demo().ready.origins.start);
  await shoot('start');
  await click('Open the portal as Dana Demofield');
  await page.waitForURL(/\/r\/\d+$/);
  await settled(page);
  await shoot('home');
  await click('Hugo');
  await click('Health');
  await settled(page);
  await shoot('health');
  await click('Growth');
  await page.getByText(/Out of 100 boys/).waitFor();
  await settled(page);
  await shoot('growth');
  await page.locator('main svg[role="img"]').last().scrollIntoViewIfNeeded();
  await shoot('growth-chart');
  expect(await visitor.words()).toMatch(/This is called the \d+(st|nd|rd|th) percentile/);
  await visitor.leave();
});

test('the guide shows the pictures that this script takes', () => {
  const guide = readFileSync(join(ROOT, 'docs', 'guide', 'read-as-a-parent.md'), 'utf8');
  const shown = [...guide.matchAll(/\]\((pictures\/[\w-]+\.png)\)/g)].map(([, name = '']) => name);
  expect(shown.length).toBeGreaterThan(3);
  for (const name of shown) {
    const picture = readFileSync(join(ROOT, 'docs', 'guide', name));
    expect(picture.subarray(1, 4).toString(), name).toBe('PNG');
    expect(picture.length, name).toBeLessThan(200_000);
  }
});
