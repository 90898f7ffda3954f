import { expect, test } from 'vitest';
import { sign } from '../protocol/event.ts';
import { kinds } from '../protocol/kinds.ts';
import { keys } from '../protocol/testing.ts';
import type { Event } from '../protocol/types.ts';
import type { Clock } from '../relay/clock.ts';
import type { Dial } from '../relay/link.ts';
import { publicProfile } from './public-profile.ts';

const key = keys('parent');
const profile = (of: typeof key, content: string) => sign(of, kinds.metadata, [], content, 1_700_000_000);
const mine = profile(key, JSON.stringify({ name: 'dana\u202e', display_name: 'Dana\nof Demofield' }));

/** Relays by address: what each answers to a question. */
const relays =
  (answers: Readonly<Record<string, (id: string) => readonly unknown[]>>, heard: unknown[] = []): Dial =>
  (url, events) => {
    queueMicrotask(() => events.open());
    return {
      send(text) {
        const frame = JSON.parse(text) as [string, string, unknown];
        heard.push(frame[2]);
        for (const answer of answers[url]?.(frame[1]) ?? []) events.text(JSON.stringify(answer));
      },
      close: () => {},
    };
  };
const holds =
  (...events: readonly Event[]) =>
  (id: string) => [...events.map((event) => ['EVENT', id, event]), ['EOSE', id]];
/** Time is over as soon as something waits for it. */
const late: Clock = {
  now: () => 0,
  after(_ms, call) {
    const timer = setTimeout(call, 20);
    return () => clearTimeout(timer);
  },
};

test('a profile that the key itself signed is found on any of the relays, and its name is one plain line', async () => {
  const heard: unknown[] = [];
  const dial = relays({ 'wss://one.example': holds(), 'wss://two.example': holds(mine) }, heard);
  const found = await publicProfile(key.publicKey, ['wss://one.example', 'wss://two.example/'], { dial });
  expect(found).toEqual({ is: 'public', name: 'Danaof Demofield', relay: 'wss://two.example/' });
  expect(heard).toEqual(Array(2).fill({ kinds: [0], authors: [key.publicKey], limit: 1 }));
});

test('what others signed, or what was changed, is no profile of the key', async () => {
  const others = profile(keys('other'), '{"name":"Dana"}');
  const forged = { ...mine, content: '{"name":"Somebody"}' };
  const dial = relays({ 'wss://one.example': holds(others, forged) });
  expect(await publicProfile(key.publicKey, ['wss://one.example'], { dial })).toEqual({ is: 'none-found' });
  const real = relays({ 'wss://one.example': holds(others, mine) });
  expect(await publicProfile(key.publicKey, ['wss://one.example'], { dial: real })).toMatchObject({
    is: 'public',
  });
});

test('a relay that is silent, asks for a login or is no address leaves it unknown', async () => {
  const dial = relays({
    'wss://none.example': holds(),
    'wss://login.example': (id) => [['CLOSED', id, 'auth-required: log in first']],
    'wss://silent.example': () => [],
  });
  const ask = (...all: string[]) => publicProfile(key.publicKey, all, { dial, clock: late });
  expect(await ask('wss://none.example')).toEqual({ is: 'none-found' });
  for (const silent of ['wss://login.example', 'wss://silent.example', 'https://no.example', 'nonsense'])
    expect(await ask('wss://none.example', silent)).toEqual({ is: 'unknown', silent: [silent] });
  expect(await ask()).toEqual({ is: 'unknown', silent: [] });
});
