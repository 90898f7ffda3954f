import { afterEach, expect, test, vi } from 'vitest';
import { demoPeople, ownPractice } from './ways.ts';

afterEach(() => vi.unstubAllGlobals());

/** What the box of this page answers, by path; everything else is not there. */
function box(answers: Readonly<Record<string, unknown>>): void {
  vi.stubGlobal('fetch', async (path: string) =>
    path in answers
      ? new Response(JSON.stringify(answers[path]), { headers: { 'content-type': 'application/json' } })
      : new Response('<!doctype html>', { status: 404, headers: { 'content-type': 'text/html' } }),
  );
}

const mother = { name: 'Ana Demo', role: 'guardian', pubkey: 'aa', secret: 'bb', children: ['cc', 'dd'] };

test('the people of a development box are its families that hold a key, and nobody else', async () => {
  const persons = [
    mother,
    { ...mother, name: 'Dr. Demo', role: 'doctor' },
    { ...mother, name: 'No key', secret: null },
    'nobody',
  ];
  box({ '/dev.json': { persons } });
  expect(await demoPeople()).toEqual([
    { name: 'Ana Demo', role: 'guardian', key: 'aa', secret: 'bb', children: 2 },
  ]);
});

test('a box that is not for development lists nobody, and neither does a damaged list', async () => {
  box({});
  expect(await demoPeople()).toEqual([]);
  for (const list of [null, 7, {}, { persons: 'all' }, [mother]]) {
    box({ '/dev.json': list });
    expect(await demoPeople()).toEqual([]);
  }
});

test('the practice of this page is taken by the rules of an access sheet, and a box that has none or is silent says so', async () => {
  const practice = { relay: 'wss://box.example', practice_pk: 'ab'.repeat(32), practice_name: 'Larkfield' };
  box({ '/practice.json': practice });
  const address = { relay: 'wss://box.example', practice: 'ab'.repeat(32), next: null, name: 'Larkfield' };
  expect(await ownPractice()).toEqual({ is: 'practice', address });
  box({ '/practice.json': { ...practice, relay: 'http://box.example' } });
  expect(await ownPractice()).toEqual({ is: 'away' });
  box({});
  expect(await ownPractice()).toEqual({ is: 'unclaimed' });
  vi.stubGlobal('fetch', async () => new Response('no relay', { status: 503 }));
  expect(await ownPractice()).toEqual({ is: 'away' });
  vi.stubGlobal('fetch', async () => {
    throw new TypeError('no network');
  });
  expect(await ownPractice()).toEqual({ is: 'away' });
});
