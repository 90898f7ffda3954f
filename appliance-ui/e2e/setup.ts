/**
 * Before all journeys: the demo practice is made once, and a box runs over it that no journey writes to; one browser
 * is started that trusts the certificates of these boxes and of nobody else.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { Box } from '../lib/relay/box.test-helper.ts';
import type { Demo } from './harness.ts';
import { PICTURES } from './walk.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    demo: Demo;
  }
}

const DIST = join(import.meta.dirname, '..', 'portal', 'dist', 'index.html');

/** Base64 of the SHA-256 of a box's public key, as Chromium takes it. */
export function fingerprint(folder: string): string {
  const pem = readFileSync(join(folder, 'gateway', 'tls.pem'), 'utf8');
  const key = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'))).publicKey;
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

/** The names of the box in a practice's network lead here, as its multicast names would; a vault's name leads nowhere else. */
const NAMES =
  'MAP relaybox-portal.local 127.0.0.1, MAP relaybox.local 127.0.0.1, MAP *.vault.relaybox.invalid 127.0.0.1';

export const chromiumArgs = (fingerprints: readonly string[]): string[] => [
  '--disable-gpu',
  '--disable-dev-shm-usage',
  `--host-resolver-rules=${NAMES}`,
  `--ignore-certificate-errors-spki-list=${fingerprints.join(',')}`,
  '--use-fake-device-for-media-stream',
  // A worker whose script a test gives has no address in the local network, and may not speak to one otherwise.
  '--disable-features=LocalNetworkAccessChecks',
];

export const chromiumOptions = (fingerprints: readonly string[]) => ({
  executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
  args: chromiumArgs(fingerprints),
  chromiumSandbox: process.getuid?.() !== 0,
});

export default async function setup(project: TestProject) {
  if (!existsSync(DIST)) throw new Error('the portal is not built: run npm run build');
  // Pictures of an earlier run would stand for those that this one does not take.
  rmSync(PICTURES, { recursive: true, force: true });
  const template = await Box.start();
  await template.halt();
  const second = await Box.start(undefined, '--demo-practice', 'Second Street Pediatrics');
  const box = await Box.start(template.folder);
  const fingerprints = [fingerprint(template.folder), fingerprint(second.folder)];
  const browser = await chromium.launchServer(chromiumOptions(fingerprints));
  project.provide('demo', {
    template: template.folder,
    ready: box.ready,
    second: second.ready,
    browser: browser.wsEndpoint(),
    fingerprints,
  });
  return async () => {
    await browser.close();
    for (const one of [box, second, template]) await one.stop();
  };
}
