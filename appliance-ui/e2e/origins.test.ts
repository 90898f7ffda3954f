/**
 * Pages of other origins (docs/design/gateway.md): what opens by a key answers them all; what belongs to the box's own
 * pages answers none. There is no third kind, and a service that comes later is one of the two.
 */
import { request } from 'node:https';
import { expect, test } from 'vitest';
import { demo } from './harness.ts';

const FOREIGN = 'https://another-clinic.example';

interface Answer {
  readonly status: number;
  readonly allows: string | undefined;
  readonly credentials: string | undefined;
}

function ask(
  origin: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const url = new URL(path, origin);
  const options = {
    host: '127.0.0.1',
    port: url.port,
    servername: url.hostname,
    method,
    path,
    headers: { host: url.host, origin: FOREIGN, ...headers },
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (answer) => {
      answer.resume();
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          allows: answer.headers['access-control-allow-origin'],
          credentials: answer.headers['access-control-allow-credentials'],
        }),
      );
    });
    sent.on('error', reject).end(method === 'POST' || method === 'PUT' ? '{}' : undefined);
  });
}

const CREDENTIAL = 'ab'.repeat(32);

test('a page of another origin may read what opens by a key, and gets no answer of what is for our own pages', async () => {
  const { origins } = demo().ready;
  const document = { accept: 'application/nostr+json' };
  const preflight = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'accept' };
  const byKey = [
    await ask(origins.start, 'GET', '/', document),
    await ask(origins.start, 'OPTIONS', '/', preflight),
  ];
  for (const answer of byKey) {
    expect(answer.status).toBeLessThan(300);
    expect(answer.allows).toBe('*');
  }
  const ours = [
    ...[
      '/',
      '/in',
      '/practice.json',
      '/dev.json',
      '/sw.js',
      `/wrapped-keys/${CREDENTIAL}`,
      '/wrapped-keys',
    ].map((path) => [origins.portal, 'GET', path] as const),
    [origins.portal, 'POST', '/enrol'],
    [origins.portal, 'PUT', `/wrapped-keys/${CREDENTIAL}`],
    [origins.portal, 'OPTIONS', '/enrol'],
    [origins.admin, 'GET', '/api/health'],
    [origins.admin, 'POST', '/api/enrolments'],
    [origins.admin, 'OPTIONS', '/api/enrolments'],
    [origins.start, 'GET', '/health'],
    [origins.start, 'GET', '/ca.crt'],
  ] as const;
  for (const [origin, method, path] of ours) {
    const { allows, credentials } = await ask(origin, method, path, preflight);
    expect([allows, credentials], `${method} ${path}`).toEqual([undefined, undefined]);
  }
  // What does something is not only unreadable to such a page: it is not done.
  for (const [path, method] of [
    ['/enrol', 'POST'],
    [`/wrapped-keys/${CREDENTIAL}`, 'PUT'],
  ] as const)
    expect((await ask(origins.portal, method, path)).status, path).toBe(403);
});
