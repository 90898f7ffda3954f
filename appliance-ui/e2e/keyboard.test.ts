/** A whole visit without a mouse: Tab and Enter reach everything, and the focus is always to be seen. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { demo, person, Visitor } from './harness.ts';
import { settled } from './walk.ts';

interface Focused {
  readonly name: string;
  readonly seen: boolean;
}

const focused = (page: Page): Promise<Focused> =>
  page.evaluate(() => {
    const at = document.activeElement;
    if (!(at instanceof HTMLElement) || at === document.body) return { name: '', seen: true };
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at);
    const ring = (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
    // A radio that is drawn by its label shows the ring there.
    const drawn = at.matches('input[type="radio"], input[type="checkbox"]') || at.tagName === 'H1';
    return { name: at.getAttribute('aria-label') ?? at.textContent?.trim() ?? '', seen: ring || drawn };
  });

/** Tabs until a thing of this name has the focus, then presses Enter. */
async function enter(page: Page, name: RegExp): Promise<void> {
  for (let steps = 0; steps < 80; steps += 1) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    expect(at.seen, `the focus on "${at.name}" is not to be seen`).toBe(true);
    if (!name.test(at.name)) continue;
    await page.keyboard.press('Enter');
    return;
  }
  throw new Error(`Tab does not reach ${name}`);
}

test('a parent reads a growth chart and locks with the keyboard alone', async () => {
  const visitor = await Visitor.arrive();
  const { page } = visitor;
  await visitor.enter(person(demo().ready, 'Dana Demofield'));
  await settled(page);
  await enter(page, /^D?H?.*Hugo/);
  await page.waitForURL(/\/r\/2$/);
  await settled(page);
  await enter(page, /^Health$/);
  await page.waitForURL(/health$/);
  await settled(page);
  await enter(page, /^Growth/);
  await visitor.heading('Hugo’s growth').waitFor();
  // After a change of page the heading has the focus, so that reading goes on there.
  expect((await focused(page)).name).toContain('Hugo');
  await page.keyboard.press('Shift+Tab');
  for (let steps = 0; steps < 40 && (await focused(page)).name !== 'Lock'; steps += 1)
    await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await visitor.see('There is no passkey here yet, so you give your key again.');
  await visitor.leave();
});
