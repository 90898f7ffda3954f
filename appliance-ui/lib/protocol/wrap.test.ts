import { expect, test } from 'vitest';
import { toUtf8 } from './bytes.ts';
import { eventJson, sign } from './event.ts';
import { kinds } from './kinds.ts';
import { ConversationKey, WRAP_PLAINTEXT_BYTES_MAX } from './nip44.ts';
import { orThrow } from './result.ts';
import type { SecretKey } from './secret.ts';
import { keys, random } from './testing.ts';
import type { Event } from './types.ts';
import { rows, secretOf, vectors, verified } from './vectors.ts';
import { chat, type Rumor, rumorId, unwrap, wrap } from './wrap.ts';

interface File {
  readonly secrets: { readonly receiver: string; readonly sender: string };
  readonly cases: readonly {
    name: string;
    event: Event;
    rumor: { id: string; kind: number; created_at: number; tags: string[][]; content: string };
  }[];
}

const NOW = 1_790_000_000;
const [alice, bob] = [keys('alice'), keys('bob')];
const rumor = chat(bob.publicKey, 'hello ü', NOW);
const to = { receiver: bob.publicKey, ephemeral: false, sealAt: NOW - 10, wrapAt: NOW - 20 };

test('wrap vectors open with sender and rumor', () => {
  const file = vectors<File>('wrap.json');
  const [receiver, sender] = [secretOf(file.secrets.receiver), secretOf(file.secrets.sender)];
  for (const row of rows(file.cases)) {
    const opened = orThrow(unwrap(receiver, verified(row.event)));
    const { id, kind, created_at, tags, content } = row.rumor;
    expect(opened, row.name).toEqual({
      sender: sender.publicKey,
      rumor: { kind, tags, content, createdAt: created_at },
    });
    expect(rumorId(opened.rumor, opened.sender)).toBe(id);
    expect(unwrap(sender, row.event)).toEqual({ ok: false, error: 'mac' });
  }
});

test('a wrap names its receiver alone and opens for it alone', () => {
  const event = verified(wrap(alice, rumor, to, random('wrap')));
  expect([event.kind, event.tags, event.created_at]).toEqual([1059, [['p', bob.publicKey]], NOW - 20]);
  expect(event.pubkey).not.toBe(alice.publicKey);
  expect(orThrow(unwrap(bob, event))).toEqual({ sender: alice.publicKey, rumor });
  expect(unwrap(keys('eve'), event)).toEqual({ ok: false, error: 'mac' });
  expect(unwrap(bob, { ...event, kind: 1 })).toEqual({ ok: false, error: 'shape' });
  const live = wrap(alice, rumor, { ...to, ephemeral: true }, random('wrap'));
  expect([live.kind, unwrap(bob, live).ok]).toEqual([21059, true]);
});

test('a rumor too large for one event is not wrapped', () => {
  const large = (size: number): Rumor => ({ ...rumor, content: 'x'.repeat(size) });
  expect(() => wrap(alice, large(1_000), to, random('large'))).not.toThrow();
  expect(() => wrap(alice, large(WRAP_PLAINTEXT_BYTES_MAX), to, random('large'))).toThrow('size');
});

/** A wrap around any seal and rumor, as a foreign client might write it. */
function forged(
  rumorText: string,
  change: (seal: Event) => Event = (seal) => seal,
  sealer: SecretKey = alice,
): Event {
  const encrypt = (from: SecretKey, text: string) =>
    orThrow(orThrow(ConversationKey.derive(from, bob.publicKey)).encrypt(toUtf8(text), random('forged')));
  const seal = change(sign(sealer, kinds.seal, [], encrypt(sealer, rumorText), NOW));
  return sign(keys('once'), 1059, [['p', bob.publicKey]], encrypt(keys('once'), eventJson(seal)), NOW);
}

test('a seal of another shape, signature or sender is refused', () => {
  const members = { pubkey: alice.publicKey, created_at: NOW, kind: 14, tags: [], content: 'x' };
  const text = JSON.stringify(members);
  const errorOf = (event: Event) => {
    const opened = unwrap(bob, event);
    return opened.ok ? 'ok' : opened.error;
  };
  expect(errorOf(forged(text))).toBe('ok');
  expect(errorOf(forged(text, undefined, keys('mallory')))).toBe('sender');
  expect(errorOf(forged(text, (seal) => ({ ...seal, sig: '00'.repeat(64) })))).toBe('signature');
  expect(errorOf(forged(text, (seal) => sign(alice, 14, [], seal.content, NOW)))).toBe('shape');
  expect(errorOf(forged(text, (seal) => sign(alice, 13, [['p', bob.publicKey]], seal.content, NOW)))).toBe(
    'shape',
  );
  const id = rumorId({ ...members, createdAt: NOW }, alice.publicKey);
  expect(errorOf(forged(JSON.stringify({ ...members, id })))).toBe('ok');
  const bad = [
    { ...members, id: '00'.repeat(32) },
    { ...members, id: 1 },
    { ...members, sig: '00'.repeat(64) },
    { ...members, tags: [[]] },
    { ...members, content: '\u0000' },
    { ...members, created_at: 2 ** 53 },
    { ...members, kind: 65_536 },
  ];
  for (const rumor of bad) expect(errorOf(forged(JSON.stringify(rumor)))).toBe('shape');
  expect(errorOf(forged(`[${text}]`))).toBe('shape');
});
