/** Before anybody has signed in: the page itself, its policy, and what it asks of whom. */
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { paths } from '../portal/src/app/paths.ts';
import { loginWords } from '../portal/src/words/login.ts';
import { demo, Visitor } from './harness.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** A GET at the portal, past the resolver, which does not know names below localhost. */
function get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const url = new URL(path, demo().ready.origins.portal);
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: url.port,
      servername: url.hostname,
      path: url.pathname,
      headers: { host: url.host, ...headers },
      rejectUnauthorized: false,
    };
    request(options, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }),
      );
    })
      .on('error', reject)
      .end();
  });
}

test('every address of the router is answered with the page, and a missing file is not', async () => {
  for (const path of paths) {
    const answer = await get(path.replaceAll(/\$\w+/g, '2'), { accept: 'text/html' });
    expect(answer.status, path).toBe(200);
    expect(answer.body.toString(), path).toContain('<div id="root">');
  }
  for (const path of ['/nothing', '/assets/nothing.js', '/src/main.tsx', '/vite.config.ts']) {
    expect((await get(path)).status, path).toBe(404);
  }
});

test('scripts are packed once, kept for ever and known again by their tag', async () => {
  const page = (await get('/')).body.toString();
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? '';
  const plain = await get(script);
  const packed = await get(script, { 'accept-encoding': 'gzip, deflate, br' });
  expect(packed.headers['content-encoding']).toBe('br');
  expect(packed.body.length).toBeLessThan(plain.body.length / 2);
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  const again = await get(script, { 'if-none-match': String(plain.headers.etag) });
  expect([again.status, again.body.length]).toEqual([304, 0]);
});

test('the door speaks English and Spanish before anybody signs in', async () => {
  for (const lang of ['en', 'es'] as const) {
    const visitor = await Visitor.arrive({ lang });
    await visitor.goto();
    await visitor.heading(loginWords[lang].heading).waitFor();
    expect(await visitor.page.locator('html').getAttribute('lang')).toBe(lang);
    await visitor.leave();
  }
});

/** What must not stand in a file that everybody is given. */
const LEAKS: readonly RegExp[] = [
  /\bn(?:sec|cryptsec)1[02-9ac-hj-np-z]{30,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  /\b(?:ghp|gho|github_pat|xox[abp]|sk_live|AKIA|AIza)[-_A-Za-z0-9]{16,}/,
  /\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b/,
  // A host, not a member of an object: in a URL or alone in quotes.
  /(?:\/\/|["'`])[\w.-]+\.(?:internal|intranet|corp|lan)(?=[:/"'`])/,
  /(?:registry\.|npm\.)[\w-]+\.(?:org|com)/,
];

const leaks = (text: string): string[] => LEAKS.flatMap((form) => form.exec(text)?.[0] ?? []);

test('built files hold no key, no token and no private host', () => {
  const folder = join(import.meta.dirname, '..', 'portal', 'dist');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const texts = names.filter((name) => /\.(js|css|html|json|webmanifest|svg|txt)$/.test(name));
  expect(texts.length).toBeGreaterThan(20);
  const secrets = demo().ready.persons.flatMap(({ secret }) => secret ?? []);
  for (const name of texts) {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(leaks(text), name).toEqual([]);
    expect(
      secrets.filter((secret) => text.includes(secret)),
      name,
    ).toEqual([]);
  }
  // The search finds what it looks for.
  const planted = `const a="nsec1${'q'.repeat(58)}";fetch("https://192.168.1.7/");b("wss://box.clinic.lan/")`;
  expect(leaks(planted)).toHaveLength(3);
  expect(leaks('c={internal:t.internal}[n];d("files.corp")')).toHaveLength(1);
});
