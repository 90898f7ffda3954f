import 'fake-indexeddb/auto';
import { nip44 } from 'nostr-tools';
import { BunkerSigner, parseBunkerInput } from 'nostr-tools/nip46';
import { finalizeEvent, generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { afterEach, expect, test } from 'vitest';
import { Device } from '../device/device.ts';
import { toNsec } from '../protocol/keys.ts';
import { keys } from '../protocol/testing.ts';
import { type Session, SessionError, type Snapshot } from '../session/api.ts';
import { serve } from '../session/host.ts';
import type { ToPage, ToWorker } from '../session/messages.ts';
import { SessionProxy } from '../session/proxy.ts';
import type { Signer } from '../session/signer.ts';
import { bunkerSigner, extensionSigner } from './outside.ts';

const address = { relay: 'wss://box.example', practice: 'ab'.repeat(32), next: null, name: 'Larkfield' };
const other = { ...address, practice: 'cd'.repeat(32), relay: 'wss://other.example' };
const nowhere = { dial: () => ({ send: () => {}, close: () => {} }), document: async () => null };
const ends: (() => void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await new Device().forget();
});

/** A page and its worker in one process, over a channel that clones as a worker's does. */
function page(signer: Signer | null = null): SessionProxy {
  const { port1, port2 } = new MessageChannel();
  serve(
    {
      post: (message: ToPage) => port2.postMessage(message),
      listen: (take) => {
        port2.onmessage = ({ data }) => take(data as ToWorker);
      },
    },
    { device: () => new Device(), relay: nowhere },
  );
  const end = () => {
    port1.close();
    port2.close();
  };
  ends.push(end);
  return new SessionProxy(
    {
      post: (message: ToWorker, give) => port1.postMessage(message, [...(give ?? [])]),
      listen: (take) => {
        port1.onmessage = ({ data }) => take(data as ToPage);
      },
    },
    end,
    signer,
  );
}

const seen = (session: Session, fits: (now: Snapshot) => boolean = () => true) =>
  new Promise<Snapshot>((resolve) => {
    const stop = session.watch((now) => {
      if (!fits(now)) return;
      queueMicrotask(() => stop());
      resolve(now);
    });
  });
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => (error instanceof SessionError ? error.code : error),
  );
const passkey = (n: number) => ({
  id: `${n}`.repeat(32),
  credential: new Uint8Array(20).fill(n),
  prf: new Uint8Array(32).fill(n + 100),
});

test('an nsec opens a session, and what is no key is refused', async () => {
  const secret = keys('parent');
  const session = page();
  await session.open({ is: 'text', text: ` ${toNsec(secret)}\n` }, address);
  expect((await seen(session)).me.key).toBe(secret.publicKey);
  for (const text of ['', 'nsec1abc', toNsec(secret).slice(0, -1), 'nsec is a word', 'npub1abc']) {
    expect(await codeOf(page().open({ is: 'text', text }, address)), text).toBe('invalid');
  }
});

test('an ncryptsec opens with its password, and a wrong password is told apart from a damaged text', async () => {
  const secret = keys('parent');
  const session = page();
  await session.open({ is: 'text', text: toNsec(secret) }, address);
  const text = await session.backUp('horse 7 ñandú');
  expect(text).toMatch(/^ncryptsec1/);
  const again = page();
  await again.open({ is: 'ncryptsec', text, password: 'horse 7 ñandú' }, address);
  expect((await seen(again)).me.key).toBe(secret.publicKey);
  const wrong = page().open({ is: 'ncryptsec', text, password: 'horse 7' }, address);
  expect(await codeOf(wrong)).toBe('wrong-key');
  const bent = page().open(
    { is: 'ncryptsec', text: `${text.slice(0, -3)}qqq`, password: 'horse 7' },
    address,
  );
  expect(await codeOf(bent)).toBe('invalid');
  expect(await codeOf(session.backUp(''))).toBe('invalid');
});

test('the locked copy is given again for the same passkey alone, not for another person of this device', async () => {
  const mine = page();
  await mine.open({ is: 'new' }, address);
  await mine.keepUnder(passkey(1));
  const theirs = page();
  await theirs.open({ is: 'new' }, address);
  await theirs.keepUnder(passkey(2));
  expect(await codeOf(mine.backUp('four words of mine', passkey(2)))).toBe('wrong-key');
  const bent = { ...passkey(1), prf: new Uint8Array(32) };
  expect(await codeOf(mine.backUp('four words of mine', bent))).toBe('wrong-key');
  const text = await mine.backUp('four words of mine', passkey(1));
  const again = page();
  await again.open({ is: 'ncryptsec', text, password: 'four words of mine' }, address);
  expect((await seen(again)).me.key).toBe((await seen(mine)).me.key);
});

test('a passkey opens the key and the practices again after everything was closed', async () => {
  const session = page();
  expect(await session.passkeys()).toEqual([]);
  await session.open({ is: 'new' }, address);
  const { me } = await seen(session);
  await session.enter(other);
  const made = passkey(1);
  await session.keepUnder(made);
  session.lock();

  const again = page();
  expect(await again.passkeys()).toEqual([made.credential]);
  await again.open({ is: 'passkey', used: passkey(1) }, null);
  const back = await seen(again, ({ elsewhere }) => !elsewhere);
  expect(back.me.key).toBe(me.key);
  expect(back.practice).toEqual(other);
  expect(back.practices).toEqual([other, address]);
  const wrong = { ...passkey(1), prf: new Uint8Array(32) };
  expect(await codeOf(page().open({ is: 'passkey', used: wrong }, null))).toBe('wrong-key');
});

test('two tabs: the second one reads, and takes over when the first is gone', async () => {
  const first = page();
  await first.open({ is: 'new' }, address);
  await first.keepUnder(passkey(2));
  const second = page();
  await second.open({ is: 'passkey', used: passkey(2) }, null);
  const { me, practice } = await seen(second);
  expect({ me, practice }).toMatchObject({ practice: address });
  if (!navigator.locks) return;
  expect((await seen(second)).elsewhere).toBe(true);
});

test('after the device was forgotten it is a first visit again', async () => {
  const session = page();
  await session.open({ is: 'new' }, address);
  await session.keepUnder(passkey(3));
  const forgetting = page();
  expect((await forgetting.passkeys()).length).toBe(1);
  session.lock();
  await forgetting.forget();
  const next = page();
  expect(await next.passkeys()).toEqual([]);
  expect(await codeOf(next.open({ is: 'passkey', used: passkey(3) }, null))).toBe('wrong-key');
});

test('a session without any practice does not open', async () => {
  expect(await codeOf(page().open({ is: 'new' }, null))).toBe('invalid');
});

test('an extension signs and opens, and one that opens nothing or says no is told apart', async () => {
  const secret = keys('parent');
  const signer = await extensionSigner({
    getPublicKey: async () => secret.publicKey,
    signEvent: async ({ tags, ...template }) =>
      finalizeEvent({ ...template, tags: tags.map((tag) => [...tag]) }, secret.bytes()),
    nip44: { decrypt: async (_peer, payload) => payload.toUpperCase() },
  });
  expect(await signer.nip44Decrypt('', 'x')).toBe('X');
  const template = { kind: 22242, created_at: 1, tags: [], content: '' };
  expect((await signer.signEvent(template)).pubkey).toBe(secret.publicKey);
  const session = page(signer);
  await session.open({ is: 'outside', publicKey: signer.publicKey }, address);
  expect((await seen(session)).me.key).toBe(secret.publicKey);
  expect(await codeOf(session.backUp('x'))).toBe('invalid');
  expect(await codeOf(session.keepUnder(passkey(4)))).toBe('invalid');

  const { publicKey } = keys('other');
  const liar = {
    getPublicKey: async () => publicKey,
    signEvent: async () => ({ pubkey: secret.publicKey, kind: 1 }),
  };
  expect(await codeOf(extensionSigner(liar))).toBe('invalid');
  expect(await codeOf(extensionSigner(null))).toBe('invalid');
  const lying = await extensionSigner({ ...liar, nip44: { decrypt: async () => '' } });
  expect(await codeOf(lying.signEvent(template))).toBe('wrong-key');
  const no = {
    ...liar,
    nip44: { decrypt: async () => '' },
    getPublicKey: () => Promise.reject(new Error('no')),
  };
  expect(await codeOf(extensionSigner(no))).toBe('cancelled');
});

test('a signer far away signs and opens over NIP-46', async () => {
  const [bunker, user] = [generateSecretKey(), generateSecretKey()];
  const text = `bunker://${getPublicKey(bunker)}?relay=wss%3A%2F%2Frelay.example&secret=s`;
  const signer = await bunkerSigner(
    text,
    () => {},
    async (text, onauth) => {
      const pointer = await parseBunkerInput(text);
      if (!pointer) throw new Error('no pointer');
      const pool = bunkerPool(bunker, user) as never;
      const far = BunkerSigner.fromBunker(generateSecretKey(), pointer, {
        pool,
        onauth,
        skipSwitchRelays: true,
      });
      return {
        connect: () => far.connect(),
        getPublicKey: () => far.getPublicKey(),
        signEvent: ({ tags, ...template }) =>
          far.signEvent({ ...template, tags: tags.map((tag) => [...tag]) }),
        nip44Decrypt: (peer, payload) => far.nip44Decrypt(peer, payload),
      };
    },
  );
  expect(signer.publicKey).toBe(getPublicKey(user));
  const event = await signer.signEvent({ kind: 22242, created_at: 1, tags: [['relay', 'x']], content: '' });
  expect(event.pubkey).toBe(getPublicKey(user));
  const peer = generateSecretKey();
  const key = nip44.getConversationKey(peer, getPublicKey(user));
  expect(await signer.nip44Decrypt(getPublicKey(peer), nip44.encrypt('hello', key))).toBe('hello');
  expect(await codeOf(bunkerSigner('name@example.org', () => {}))).toBe('invalid');
});

/** A relay with a bunker behind it, as `nostr-tools` speaks to them. */
function bunkerPool(bunker: Uint8Array, user: Uint8Array) {
  let deliver: (event: unknown) => void = () => {};
  const answer = async (method: string, params: readonly string[]): Promise<string> => {
    if (method === 'get_public_key') return getPublicKey(user);
    if (method === 'sign_event') return JSON.stringify(finalizeEvent(JSON.parse(params[0] ?? ''), user));
    if (method !== 'nip44_decrypt') return 'ack';
    return nip44.decrypt(params[1] ?? '', nip44.getConversationKey(user, params[0] ?? ''));
  };
  const subscribe = (
    _relays: unknown,
    _filter: unknown,
    { onevent }: { onevent: (event: unknown) => void },
  ) => {
    deliver = onevent;
    return { close: () => {} };
  };
  return {
    subscribe,
    subscribeMany: subscribe,
    publish: (_relays: unknown, event: { pubkey: string; content: string }) => {
      const key = nip44.getConversationKey(bunker, event.pubkey);
      const { id, method, params } = JSON.parse(nip44.decrypt(event.content, key));
      void answer(method, params).then((result) => {
        const content = nip44.encrypt(JSON.stringify({ id, result }), key);
        const tags = [['p', event.pubkey]];
        deliver(
          finalizeEvent({ kind: 24133, created_at: Math.floor(Date.now() / 1_000), tags, content }, bunker),
        );
      });
      return [Promise.resolve('')];
    },
    close: () => {},
  };
}
