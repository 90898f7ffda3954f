/** The guide's page, served from an origin that has nothing to do with the box, reads a record from it. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SecretKey, toNsec } from '../lib/protocol/keys.ts';
import { demo } from './harness.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/guide/read-in-a-browser.html'));
const BUNDLE = readFileSync(join(import.meta.dirname, '../node_modules/nostr-tools/lib/nostr.bundle.js'));
let server: Server;
let origin = '';

beforeAll(async () => {
  server = createServer((request, answer) => {
    const script = request.url === '/nostr.bundle.js';
    answer.setHeader('content-type', script ? 'text/javascript' : 'text/html; charset=utf-8');
    answer.end(script ? BUNDLE : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
});

test('a page of another origin reads and checks a record with nothing but nostr-tools', async () => {
  const { ready, browser: endpoint } = demo();
  const browser = await chromium.connect(endpoint);
  const context = await browser.newContext();
  const page = await context.newPage();
  const ask = async (nsec: string) => {
    await page.goto(origin);
    await page.getByLabel('Relay of the practice').fill(ready.relay);
    await page.getByLabel('Practice key').fill(ready.practice);
    await page.getByLabel('Your secret key').fill(nsec);
    await page.getByRole('button', { name: 'Read' }).click();
    const status = page.getByRole('status');
    await status.filter({ hasText: /\w/ }).waitFor();
    return (await status.textContent()) ?? '';
  };
  const parent = ready.persons.find(({ role, secret }) => role === 'guardian' && secret);
  const secret = SecretKey.fromHex(parent?.secret ?? '');
  if (!secret) throw new Error('no parent');
  expect(new URL(origin).host).not.toBe(new URL(ready.origins.portal).host);

  const said = await ask(toNsec(secret));
  const [, opened, all] = /^(\d+) of (\d+) records/.exec(said) ?? [];
  expect(Number(opened)).toBeGreaterThan(3);
  expect(opened).toBe(all);
  const rows = await page.getByRole('listitem').allTextContents();
  expect(rows.length).toBe(Number(opened));
  expect(rows.some((row) => /\d{4}-\d{2}-\d{2}.*(kg|cm)/.test(row))).toBe(true);

  const stranger = SecretKey.fromHex('7'.repeat(64));
  expect(await ask(stranger ? toNsec(stranger) : '')).toMatch(/^(0 of 0 records|Not read)/);
  expect(await page.getByRole('listitem').count()).toBe(0);
  await context.close();
});
