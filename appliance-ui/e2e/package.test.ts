/**
 * The library as a package: packed, installed in a folder of its own without any network, and the guide's page with it,
 * bundled and served from an origin that has nothing to do with the box.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pack } from '../lib/build/pack.ts';
import { SecretKey } from '../lib/protocol/keys.ts';
import { demo, person } from './harness.ts';
import { nsec, sheet } from './steps.ts';

const WORKSPACE = join(import.meta.dirname, '..');
const GUIDE = join(WORKSPACE, '..', 'docs', 'guide', 'read-with-the-library.html');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
};
let folder = '';
let server: Server;

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly [name: string]: unknown;
}
const manifestOf = (path: string) => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest;

/** A plain folder with the package in it. What it stands on is taken from our own folder: no registry is asked. */
function install(): string {
  const tarball = pack(folder);
  const { dependencies } = manifestOf(join(WORKSPACE, 'lib'));
  const here = Object.keys(dependencies).map((name) => [
    name,
    `file:${join(WORKSPACE, 'node_modules', name)}`,
  ]);
  const wanted = { ...Object.fromEntries(here), '@relaybox/lib': `file:${tarball}` };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'a-page', private: true, dependencies: wanted }),
  );
  const args = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  return join(folder, 'node_modules', '@relaybox', 'lib');
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relaybox-package-'));
  server = createServer((request, answer) => {
    const name = new URL(request.url ?? '/', 'http://localhost').pathname;
    const file = join(folder, 'dist', name === '/' ? 'index.html' : name);
    if (!existsSync(file)) {
      answer.writeHead(404).end();
      return;
    }
    answer.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
    answer.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

test('the package installs in a plain folder, and the guide’s page with it reads a record from another origin', async () => {
  const installed = install();
  const { name, version, license, exports, dependencies, private: closed } = manifestOf(installed);
  expect({ name, license, closed }).toEqual({ name: '@relaybox/lib', license: 'MIT', closed: undefined });
  expect({ version, dependencies }).toEqual({
    version: manifestOf(join(WORKSPACE, 'lib')).version,
    dependencies: manifestOf(join(WORKSPACE, 'lib')).dependencies,
  });
  expect(exports).toEqual({ './*': { types: './*.d.ts', default: './*.js' } });
  for (const file of ['README.md', 'LICENSE', 'session/api.d.ts', 'session/worker.js', 'login/ways.js'])
    expect(existsSync(join(installed, file)), file).toBe(true);
  for (const file of [
    'session/session.test.js',
    'relay/box.test-helper.js',
    'protocol/testing.js',
    'session/api.ts',
  ])
    expect(existsSync(join(installed, file)), file).toBe(false);
  // Another program checks its own sources against the types.
  const program = `import { parseAddress } from '@relaybox/lib/relay/address';
    const parsed = parseAddress('x');
    export const fault: string = parsed.ok ? parsed.sheet.address.practice : parsed.fault;`;
  writeFileSync(join(folder, 'program.ts'), program);
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'esnext',
    '--moduleResolution',
    'bundler',
    '--target',
    'es2023',
  ];
  execFileSync(join(WORKSPACE, 'node_modules', '.bin', 'tsc'), [...flags, 'program.ts'], {
    cwd: folder,
    stdio: 'pipe',
  });

  expect(readFileSync(GUIDE, 'utf8').trim().split('\n').length).toBeLessThanOrEqual(60);
  cpSync(GUIDE, join(folder, 'index.html'));
  await build({
    root: folder,
    logLevel: 'error',
    configFile: false,
    worker: { format: 'es' },
    build: { target: 'es2023' },
  });

  const { ready, browser: endpoint } = demo();
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  expect(new URL(origin).host).not.toBe(new URL(ready.origins.portal).host);
  const browser = await chromium.connect(endpoint);
  const context = await browser.newContext();
  const page = await context.newPage();
  const status = page.getByRole('status');
  const read = async (key: string, until: RegExp) => {
    await page.goto(origin);
    await page.getByLabel('Text of the access sheet').fill(sheet(ready, 'Sampleville Pediatrics'));
    await page.getByLabel('Your secret key').fill(key);
    await page.getByRole('button', { name: 'Read' }).click();
    await status.filter({ hasText: until }).waitFor();
    return (await status.textContent()) ?? '';
  };
  const said = await read(nsec(person(ready, 'Dana Demofield')), /checked/);
  const [, k, n] = /^(\d+) of (\d+) records/.exec(said) ?? [];
  expect(Number(k)).toBeGreaterThan(10);
  expect(Number(n)).toBeGreaterThanOrEqual(Number(k));
  const rows = await page.getByRole('listitem').allTextContents();
  expect(rows.some((row) => /\d{4}-\d{2}-\d{2}.*(kg|cm)/.test(row))).toBe(true);

  const stranger = SecretKey.fromHex('7'.repeat(64))?.toHex() ?? '';
  expect(await read(nsec({ secret: stranger }), /Not read/)).toBe('Not read: unknown-key.');
  expect(await page.getByRole('listitem').count()).toBe(0);
  await context.close();
});
