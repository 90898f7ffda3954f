/**
 * Every address of the portal for one visitor, one after the other and without a reload (a reload locks): each is
 * looked at by axe, must not scroll sideways, and is photographed into target/pictures.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type Path, paths } from '../portal/src/app/paths.ts';
import type { Visitor } from './harness.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

export const PICTURES = join(import.meta.dirname, '..', '..', 'target', 'pictures');

interface Axe {
  run(
    context: unknown,
    options: unknown,
  ): Promise<{ violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[] }>;
}

/** Rules of WCAG A and AA that the page breaks, each with its first place. */
export async function axe(page: Page): Promise<string[]> {
  const has = await page.evaluate(() => 'axe' in globalThis);
  if (!has) {
    // The test's own script comes in by the debugger, past the page's policy.
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Runtime.evaluate', { expression: AXE });
    await cdp.detach();
  }
  // As tall as its content: what lies below the fixed bar of a phone is reached by scrolling, and is not covered.
  const size = page.viewportSize();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  if (size) await page.setViewportSize({ width: size.width, height: Math.max(size.height, height) });
  const found = await page.evaluate(async (tags) => {
    const { axe: tool } = globalThis as unknown as { axe: Axe };
    const { violations } = await tool.run(document, { runOnly: tags, resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.target.join(' ')} (${nodes.length}×)`);
  }, RULES);
  if (size) await page.setViewportSize(size);
  return found;
}

/** What is wider than the page, or cut off inside a control. */
export const overflow = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const root = document.documentElement;
    const wide = root.scrollWidth > root.clientWidth + 1 ? [`the page: ${root.scrollWidth}px`] : [];
    const cut = [...document.querySelectorAll('button, a, h1, h2, label')].filter((one) => {
      const { overflowX, textOverflow } = getComputedStyle(one);
      const clipped = overflowX !== 'visible' || textOverflow === 'ellipsis';
      return clipped && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1;
    });
    return [...wide, ...cut.map((one) => `${one.tagName} ${one.textContent?.trim().slice(0, 40)}`)];
  });

/** Goes to an address as a link would. */
export async function to(page: Page, path: string): Promise<void> {
  const leaves = await page.evaluate((address) => {
    const before = location.pathname;
    document.querySelector('h1')?.setAttribute('data-before', '');
    history.pushState({}, '', address);
    dispatchEvent(new PopStateEvent('popstate', { state: {} }));
    return before !== address;
  }, path);
  // The page before stands until the script of the next one has come. Two of one kind share their heading.
  const gone = () => page.locator('h1[data-before]').waitFor({ state: 'detached', timeout: 2_000 });
  if (leaves) await gone().catch(() => null);
  await settled(page);
}

/** Until the heading stands, nothing loads and nothing moves. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor({ state: 'attached' });
  await page.waitForFunction(() => !document.querySelector('.skel, [aria-busy="true"]'));
  await page.evaluate(async () => {
    await document.fonts.ready;
    await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)));
  });
}

/** The number in the first link to such a page; 1 when there is none. */
async function first(page: Page, list: string, link: RegExp): Promise<string> {
  await to(page, list);
  const links = await page
    .locator('a')
    .evaluateAll((all) => all.map((one) => one.getAttribute('href') ?? ''));
  return links.map((href) => link.exec(href)?.[1]).find((found) => found !== undefined) ?? '1';
}

/** Real addresses of all routes for what this visitor may read. Those before sign-in are left out. */
export async function addresses(visitor: Visitor, n = '1'): Promise<ReadonlyMap<Path, string>> {
  const visit = await first(visitor.page, `/r/${n}/visits`, /\/visits\/(\d+)$/);
  const letter = await first(visitor.page, '/messages', /\/messages\/(\d+)$/);
  const inside = paths.filter((path) => !path.startsWith('/in'));
  return new Map(
    inside.map((path) => [
      path,
      path.replace('$n', n).replace('$m', path.startsWith('/messages') ? letter : visit),
    ]),
  );
}

export function pictureName(path: Path, state: string, width: number, lang: string): string {
  const name = path.replaceAll(/\W+/g, '-').replace(/^-|-$/g, '') || 'start';
  return `${name}.${state}.${width}.${lang}.png`;
}

/** A picture of the whole page, named by route, state, width and language. */
export async function picture(page: Page, path: Path, state: string, lang: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  const width = page.viewportSize()?.width ?? 0;
  await page.screenshot({
    path: join(PICTURES, pictureName(path, state, width, lang)),
    fullPage: true,
    animations: 'disabled',
  });
}
