/**
 * The first load on a slow line, by what can be counted: which files stand between the address and a door that can be
 * used, how many bytes they have, and how long a line of 3G takes for them. `make bench-ui` measures the same with a
 * clock.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loginWords } from '../portal/src/words/login.ts';
import { Visitor } from './harness.ts';

/** Lighthouse's figures for a browser that slows requests (docs/ref/performance-ui.md): milliseconds, bytes a second. */
const REQUEST_MS = 150 * 3.75;
const BYTES_A_SECOND = (1.6 * 1024 * 0.9 * 1024) / 8;
/** The bar is 3 s; so much of it stays for a slow phone to run what has come. */
const PHONE_MS = 900;

test('the door is there after two requests in a row, and 3G takes under three seconds for it', async () => {
  const visitor = await Visitor.arrive({ noCache: true });
  const { page } = visitor;
  const sizes = new Map<string, number>();
  const html = readFileSync(join(import.meta.dirname, '..', 'portal', 'dist', 'index.html'), 'utf8');
  const files = html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g);
  const named = new Set([...files].map(([, name = '']) => name));
  page.on('requestfinished', async (request) => {
    sizes.set(new URL(request.url()).pathname, (await request.sizes()).responseBodySize);
  });
  // Nothing comes but the page and what it names itself: whatever else is fetched, the door does not wait for it.
  await visitor.context.route('**', async (route) => {
    const { pathname } = new URL(route.request().url());
    if (named.has(pathname) || route.request().resourceType() === 'document') await route.continue();
    else await route.abort();
  });
  await visitor.goto('/in');
  await visitor.heading(loginWords.en.heading).waitFor();
  await page.locator('main .tall').waitFor();
  await expect.poll(() => [...named].every((name) => sizes.has(name))).toBe(true);
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(150_000);
  expect([...named].length).toBeLessThanOrEqual(4);
  const ms = 2 * REQUEST_MS + (bytes / BYTES_A_SECOND) * 1_000;
  expect(ms + PHONE_MS).toBeLessThan(3_000);
  await visitor.context.unrouteAll({ behavior: 'ignoreErrors' });
  await visitor.context.close();
});

test('the page shows whose it is before any script has come, and says so where none comes', async () => {
  const visitor = await Visitor.arrive({ noCache: true });
  const { page } = visitor;
  await visitor.context.route('**/assets/*.js', (route) => route.abort());
  await visitor.goto('/in');
  await page.getByText('Relaybox', { exact: true }).waitFor();
  const late = page.getByText(/did not come whole/);
  expect(await late.isVisible()).toBe(false);
  for (const said of [late, page.getByText(/no llegó completa/)]) await said.waitFor();
  await visitor.leave();
});
