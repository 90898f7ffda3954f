import { finalizeEvent, generateSecretKey } from 'nostr-tools/pure';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Event, Hex } from '../protocol/types.ts';
import type { Connection } from '../session/api.ts';
import { backoff, backoffRefused } from './backoff.ts';
import { Box } from './box.test-helper.ts';
import { type ClientOptions, RelayClient } from './client.ts';
import { HandClock, HostileRelay, settle } from './hostile.test-helper.ts';
import { fetchDocument } from './pin.ts';
import { RelayError } from './refusal.ts';

const NOW = 1_796_000_000;
const P = 'ab'.repeat(32);
const BOX = 'cd'.repeat(32);
const secret = generateSecretKey();

const login = (key: Uint8Array, now: () => number) => async (challenge: string, url: string) =>
  finalizeEvent(
    {
      kind: 22242,
      created_at: now(),
      tags: [
        ['relay', url],
        ['challenge', challenge],
      ],
      content: '',
    },
    key,
  ) as Event;

const note = (created_at: number, content: string): Event =>
  finalizeEvent({ kind: 1, created_at, tags: [], content }, secret);

function against(relay: HostileRelay, more: Partial<ClientOptions> = {}) {
  const clock = new HandClock(NOW * 1_000);
  const seen: Connection[] = [];
  const client = new RelayClient({
    address: { relay: 'wss://box.example', practice: P, next: null, name: null },
    login: login(secret, () => Math.floor(clock.now() / 1_000)),
    dial: relay.dial,
    document: async () => ({ practice: P, former: [], name: null, self: BOX, limitMax: 5_000, date: NOW }),
    clock,
    random: () => 0.5,
    ...more,
  });
  client.watch((status) => seen.push(status));
  client.start();
  return { client, clock, seen };
}

async function all(client: RelayClient, limits = {}): Promise<Event[]> {
  const events: Event[] = [];
  await client.stored({ kinds: [1], ...limits }, (page) => void events.push(...page));
  return events;
}

const failure = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof RelayError ? error.failure : error;
};

describe('login', () => {
  test('the login names the dialled URL and the challenge, and nothing is asked before it is accepted', async () => {
    const relay = new HostileRelay();
    const { client } = against(relay);
    expect(await failure(all(client))).toEqual({ is: 'offline' });
    await settle();
    expect(client.status.is).toBe('open');
    const [[word, event]] = relay.heard as [[string, Event]];
    expect(word).toBe('AUTH');
    expect(event.tags).toEqual([
      ['relay', 'wss://box.example'],
      ['challenge', 'challenge'],
    ]);
    relay.say('AUTH', 'another challenge');
    await settle();
    expect(relay.count('AUTH')).toBe(1);
  });

  test("no login goes to another practice's box", async () => {
    const relay = new HostileRelay();
    const of = (former: readonly Hex[]) => async () => ({
      practice: 'ee'.repeat(32),
      former,
      name: null,
      self: BOX,
      limitMax: null,
      date: NOW,
    });
    const { client } = against(relay, { document: of(['dd'.repeat(32)]) });
    await settle();
    expect(client.status).toMatchObject({ is: 'refused', why: 'other-practice' });
    expect(relay.heard).toEqual([]);
    const after = against(new HostileRelay(), { document: of(['dd'.repeat(32), P]) });
    await settle();
    expect(after.client.status.is, 'the practice has had two successions since').toBe('open');
  });

  test('a refused login is told apart: ended, clock, rate, and a box that is not ready', async () => {
    const told = async (answer: readonly [boolean, string], date: number | null = NOW) => {
      const relay = new HostileRelay();
      relay.ways.login = answer;
      const document = async () => ({ practice: P, former: [], name: null, self: BOX, limitMax: null, date });
      const { client } = against(relay, { document });
      await settle();
      const { status } = client;
      client.stop();
      return status.is === 'refused' ? status.why : status.is;
    };
    expect(await told([false, 'restricted: this key was replaced or ended'])).toBe('ended');
    expect(await told([false, 'auth-required: the login does not fit'], NOW - 86_400)).toBe('clock');
    expect(await told([false, 'auth-required: the login does not fit'], null)).toBe('login');
    expect(await told([false, 'auth-required: the login does not fit'], NOW + 60)).toBe('internal');
    expect(await told([false, 'rate-limited: slow down'])).toBe('rate');
    expect(await told([false, 'error: this box has no practice yet'])).toBe('internal');
    expect(await told([true, ''])).toBe('open');
  });

  test('somebody who is thrown out hears why by the next login', async () => {
    const relay = new HostileRelay();
    const { client, clock, seen } = against(relay);
    await settle();
    const ended: unknown[] = [];
    const live = client.live(
      [{ kinds: [1] }],
      () => {},
      (error) => ended.push(error.failure.is),
    );
    await live.open;
    relay.ways.login = [false, "restricted: this person's access is suspended: ask the practice"];
    relay.say('CLOSED', 's1', "restricted: this person's access is suspended: ask the practice");
    relay.cut();
    await clock.pass(0);
    expect(ended).toEqual(['refused']);
    expect(client.status).toMatchObject({ is: 'refused', why: 'ended' });
    expect(seen.map(({ is }) => is)).toEqual(['open', 'connecting', 'refused']);
  });
});

describe('a lost connection', () => {
  test('is dialled again with growing waits, and told once', async () => {
    const relay = new HostileRelay();
    relay.ways.opens = false;
    const { client, clock, seen } = against(relay);
    await clock.pass(300_000);
    expect(relay.dials).toBeGreaterThan(4);
    expect(relay.dials).toBeLessThan(20);
    expect(seen.map(({ is }) => is)).toEqual(['offline']);
    relay.ways.opens = true;
    client.poke();
    await clock.pass(61_000);
    expect(seen.map(({ is }) => is).slice(-1)).toEqual(['open']);
  });

  test('without any network is told as the network', async () => {
    const relay = new HostileRelay();
    relay.ways.opens = false;
    const { client, clock } = against(relay, { online: () => false });
    await clock.pass(21_000);
    expect(client.status).toMatchObject({ is: 'offline', why: 'network' });
  });

  test('is found out by silence, also when nothing is being asked', async () => {
    const relay = new HostileRelay();
    const { client, clock } = against(relay);
    await settle();
    expect(client.status.is).toBe('open');
    relay.ways.silent = true;
    await clock.pass(30_000 + 20_000);
    expect(client.status).toMatchObject({ is: 'offline', why: 'box' });
    relay.ways.silent = false;
    await clock.pass(61_000);
    expect(client.status.is).toBe('open');
  });

  test('ends what was asked and what was sent as offline, which says nothing of either', async () => {
    const relay = new HostileRelay();
    const { client } = against(relay);
    await settle();
    client.certify([BOX]);
    relay.ways.silent = true;
    const asked = failure(all(client));
    const sent = failure(client.publish(note(NOW, 'x')));
    relay.cut();
    expect(await asked).toEqual({ is: 'offline' });
    expect(await sent).toEqual({ is: 'offline' });
  });

  test('waits are doubled up to a minute and spread, refusals wait longer', () => {
    expect([0, 1, 2, 20].map((tries) => backoff(tries, 0))).toEqual([250, 500, 1_000, 30_000]);
    expect(backoff(20, 0.999)).toBeGreaterThan(59_000);
    expect(backoffRefused(0, 0)).toBe(30_000);
  });
});

describe('reading', () => {
  test('600 events of one second come whole in pages of 500', async () => {
    const relay = new HostileRelay();
    relay.events = Array.from({ length: 600 }, (_, n) => fake(NOW - 50, n));
    relay.events.push(fake(NOW - 60, 700), fake(NOW - 40, 701));
    const { client } = against(relay);
    await settle();
    expect(new Set((await all(client)).map(({ id }) => id)).size).toBe(602);
  });

  test('a second that is denser than any answer is asked kind by kind, and otherwise told as not whole', async () => {
    const relay = new HostileRelay();
    relay.ways.limitMax = 100;
    relay.events = Array.from({ length: 150 }, (_, n) => fake(NOW - 50, n, n % 2 ? 1 : 2));
    relay.events.push(fake(NOW - 60, 700));
    const document = async () => ({
      practice: P,
      former: [],
      name: null,
      self: BOX,
      limitMax: 100,
      date: NOW,
    });
    const { client } = against(relay, { document });
    await settle();
    const events: Event[] = [];
    const take = (page: readonly Event[]) => void events.push(...page);
    expect(await client.stored({ kinds: [1, 2] }, take)).toBe(true);
    expect(new Set(events.map(({ id }) => id)).size).toBe(151);
    relay.events = relay.events.map((event) => ({ ...event, kind: 1 }));
    expect(await client.stored({ kinds: [1] }, () => {})).toBe(false);
  });

  test('a relay of unknown page size is asked until a page brings nothing new', async () => {
    const relay = new HostileRelay();
    relay.ways.limitMax = 7;
    relay.events = Array.from({ length: 50 }, (_, n) => fake(NOW - n, n));
    const { client } = against(relay, { document: async () => null });
    await settle();
    expect(new Set((await all(client)).map(({ id }) => id)).size).toBe(50);
  });

  test('a relay that answers twice, out of order or with what nobody asked for changes nothing', async () => {
    for (const way of ['twice', 'backwards', 'unasked'] as const) {
      const relay = new HostileRelay();
      relay.events = Array.from({ length: 1_200 }, (_, n) => fake(NOW - Math.floor(n / 3), n));
      if (way === 'unasked') relay.ways.unasked = [fake(NOW, 9_000, 2)];
      else relay.ways[way] = true;
      const { client } = against(relay);
      await settle();
      const read = await all(client);
      expect(new Set(read.map(({ id }) => id)).size, way).toBe(1_200);
      client.stop();
    }
  });

  test('a relay that does not compare, or passes the question over, is asked for everything', async () => {
    for (const saysNo of [true, false]) {
      const relay = new HostileRelay();
      relay.ways.saysNoToComparing = saysNo;
      relay.events = Array.from({ length: 50 }, (_, n) => fake(NOW - n, n));
      const { client, clock } = against(relay);
      await settle();
      const known = relay.events.slice(0, 30);
      const events = new Set<string>();
      const take = (page: readonly Event[]) => {
        for (const { id } of page) events.add(id);
      };
      const read = client.rest({ kinds: [1] }, known, take);
      await vi.waitFor(() => expect(relay.count('NEG-OPEN')).toBe(1));
      await clock.pass(20_000);
      expect(await read).toBe(true);
      expect(events.size).toBe(50);
      expect(await client.rest({ kinds: [1] }, known, take)).toBe(true);
      expect(relay.count('NEG-OPEN')).toBe(1);
      expect(client.status.is).toBe('open');
      client.stop();
    }
  });

  test('a relay without an end of stored events is lost after the time for answers, not believed', async () => {
    const relay = new HostileRelay();
    relay.events = [fake(NOW, 1)];
    relay.ways.eose = 'never';
    const { client, clock } = against(relay);
    await settle();
    const read = failure(all(client));
    await clock.pass(20_000);
    expect(await read).toEqual({ is: 'offline' });
  });

  test('a slow relay is not a silent one', async () => {
    const relay = new HostileRelay();
    relay.ways.eose = 'never';
    const { client, clock } = against(relay);
    await settle();
    const read = client.ask([{ kinds: [1] }], 10);
    await settle();
    for (let n = 0; n < 5; n += 1) {
      await clock.pass(15_000);
      relay.say('EVENT', 's1', fake(NOW, n));
    }
    await settle();
    relay.say('EOSE', 's1');
    expect((await read).length).toBe(5);
  });

  test('more than was asked for ends the connection', async () => {
    const relay = new HostileRelay();
    const { client } = against(relay);
    await settle();
    relay.ways.eose = 'never';
    const read = failure(client.ask([{ kinds: [1] }], 10));
    await settle();
    for (let n = 0; n < 30; n += 1) relay.say('EVENT', 's1', fake(NOW, n));
    expect(await read).toEqual({ is: 'misbehaved' });
    expect(client.status.is).toBe('offline');
  });

  test('a refused question says which kind of no it was, and the connection stays', async () => {
    const relay = new HostileRelay();
    const { client } = against(relay);
    await settle();
    relay.ways.closes = 'invalid: the filter is not one this relay understands';
    expect(await failure(all(client))).toEqual({
      is: 'refused',
      refusal: { class: 'invalid', said: 'the filter is not one this relay understands' },
    });
    expect(client.status.is).toBe('open');
  });
});

describe('live events', () => {
  test('come in order, wait for whoever takes them, and too many end the connection', async () => {
    const relay = new HostileRelay();
    const { client } = against(relay, { limits: { liveMax: 5 } });
    await settle();
    const taken: number[] = [];
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const live = client.live(
      [{ kinds: [1] }],
      async (events) => {
        taken.push(...events.map(({ created_at }) => created_at));
        await gate;
      },
      () => {},
    );
    await live.open;
    for (let n = 0; n < 4; n += 1) relay.publish(fake(NOW + n, n));
    await settle();
    expect(taken).toEqual([NOW]);
    go();
    await settle();
    expect(taken).toEqual([NOW, NOW + 1, NOW + 2, NOW + 3]);
    live.close();

    const full = new Promise<string>((resolve) => {
      const never = client.live(
        [{ kinds: [1] }],
        () => new Promise(() => {}),
        (error) => resolve(error.failure.is),
      );
      void never.open.then(() => {
        for (let n = 0; n < 9; n += 1) relay.publish(fake(NOW + n, 100 + n));
      });
    });
    expect(await full).toBe('misbehaved');
  });
});

describe('publishing', () => {
  test('nothing is published to a box that the practice has not certified', async () => {
    const relay = new HostileRelay();
    const { client } = against(relay);
    await settle();
    expect(await failure(client.publish(note(NOW, 'x')))).toEqual({ is: 'not-pinned' });
    client.certify(['ff'.repeat(32)]);
    expect(await failure(client.publish(note(NOW, 'x')))).toEqual({ is: 'not-pinned' });
    expect(relay.count('EVENT')).toBe(0);
    client.certify([BOX]);
    expect(await client.publish(note(NOW, 'x'))).toEqual({ stored: true, before: false });
    expect(relay.count('EVENT')).toBe(1);
  });

  test('a refusal is an answer, silence is none', async () => {
    const relay = new HostileRelay();
    const { client, clock } = against(relay);
    await settle();
    client.certify([BOX]);
    relay.ways.ok = [true, 'duplicate: already stored'];
    expect(await client.publish(note(NOW, 'x'))).toEqual({ stored: true, before: true });
    relay.ways.ok = [false, 'restricted: this key may not write here'];
    expect(await client.publish(note(NOW, 'y'))).toEqual({
      stored: false,
      refusal: { class: 'forbidden', said: 'this key may not write here' },
    });
    relay.ways.ok = null;
    const silent = failure(client.publish(note(NOW, 'z')));
    await clock.pass(20_000);
    expect(await silent).toEqual({ is: 'offline' });
  });
});

describe('against the real box', () => {
  let box: Box;
  beforeAll(async () => {
    box = await Box.start();
  });
  afterAll(() => box.stop());

  const opened = async (key: Uint8Array, skew = 0) => {
    const now = () => Math.floor(Date.now() / 1_000) + skew;
    const clock = { now: () => now() * 1_000, after: () => () => {} };
    const client = new RelayClient({ address: box.address, login: login(key, now), clock });
    const settled = new Promise<Connection>((resolve) => client.watch(resolve));
    client.start();
    return { client, status: await settled };
  };

  test('the box names practice and box key, a login is accepted and a record is read', async () => {
    const document = await fetchDocument(box.address.relay);
    expect(document).toMatchObject({ practice: box.ready.practice, limitMax: 5_000 });
    const [guardian] = box.holders('guardian');
    const { client, status } = await opened(Buffer.from(guardian?.secret ?? '', 'hex'));
    expect(status.is).toBe('open');
    const events: Event[] = [];
    const filter = { kinds: [2113, 2116], '#p': [guardian?.children[0] ?? ''] };
    expect(await client.stored(filter, (page) => void events.push(...page))).toBe(true);
    expect(events.length).toBeGreaterThan(5);
    client.stop();
  });

  test('who has most of a record asks for the rest of it only', async () => {
    const guardian = box.holders('guardian').find(({ children }) => children.length === 3);
    const { client } = await opened(Buffer.from(guardian?.secret ?? '', 'hex'));
    const filter = { kinds: [2113, 2116, 2122], '#p': [guardian?.children[0] ?? ''] };
    const events = new Map<string, Event>();
    const take = (page: readonly Event[]) => {
      for (const event of page) events.set(event.id, event);
    };
    await client.stored(filter, take);
    const every = [...events.values()];
    const known = every.slice(3);
    expect(known.length).toBeGreaterThan(20);
    events.clear();
    expect(await client.rest(filter, [...known, fake(NOW, 1)], take)).toBe(true);
    expect([...events.keys()].sort()).toEqual(
      every
        .slice(0, 3)
        .map(({ id }) => id)
        .sort(),
    );
    events.clear();
    await client.rest(filter, every, take);
    expect(events.size).toBe(0);
    client.stop();
  });

  test('a device whose clock is a day off is told so', async () => {
    const [guardian] = box.holders('guardian');
    const { client, status } = await opened(Buffer.from(guardian?.secret ?? '', 'hex'), -86_400);
    expect(status).toMatchObject({ is: 'refused', why: 'clock' });
    client.stop();
  });
});

/** An event of which only the envelope matters. */
function fake(created_at: number, n: number, kind = 1): Event {
  const id = n.toString(16).padStart(64, '0');
  return { id, pubkey: P, created_at, kind, tags: [], content: '', sig: '0'.repeat(128) };
}
