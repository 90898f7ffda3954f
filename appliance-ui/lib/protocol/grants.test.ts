import { expect, test } from 'vitest';
import { toHex } from './bytes.ts';
import { EpochSecret } from './envelope.ts';
import { sign, type Tag } from './event.ts';
import {
  buildPatientGrant,
  type GrantRow,
  openPatientGrant,
  openShare,
  parsePatientGrant,
  ROWS_MAX,
} from './grants.ts';
import { isPolicy, kinds } from './kinds.ts';
import { ConversationKey } from './nip44.ts';
import { keys, random } from './testing.ts';
import type { Event } from './types.ts';
import { bytesOf, rows, secretOf, vectors, verified } from './vectors.ts';

interface File {
  readonly secrets: {
    readonly desk: string;
    readonly patient: string;
    readonly reader: string;
    readonly recipient: string;
  };
  readonly patient_grants: readonly { event: Event; authority: string; rows: [string, string, string][] }[];
  readonly refused: readonly { name: string; event: Event }[];
  readonly events: readonly { name: string; event: Event; text: string | null }[];
}

const file = vectors<File>('grants.json');
const reader = secretOf(file.secrets.reader);
const plain = (list: readonly GrantRow[] | null) =>
  list?.map(({ epochKey, subject, key }) => [epochKey, subject, toHex(key.bytes())]);

test('grant vectors open for their reader', () => {
  for (const row of rows(file.patient_grants)) {
    const event = verified(row.event);
    expect(parsePatientGrant(event)).toMatchObject({ reader: reader.publicKey, authority: row.authority });
    expect(plain(openPatientGrant(reader, event))).toEqual(row.rows);
    expect(openPatientGrant(keys('other'), event)).toBe(null);
  }
  for (const { name, event } of rows(file.refused))
    expect(openPatientGrant(reader, verified(event)), name).toBe(null);
});

test('policy event vectors are signed and their texts open', () => {
  const desk = new EpochSecret(secretOf(file.secrets.desk)).practiceKey();
  for (const { name, event: given, text } of rows(file.events)) {
    const event = verified(given);
    expect(isPolicy(event.kind), name).toBe(true);
    if (event.content === '') {
      expect(text, name).toBe(null);
    } else if (event.kind === kinds.disclosure) {
      const [recipient, author] = [secretOf(file.secrets.recipient), secretOf(file.secrets.patient)];
      expect(openShare(recipient, event.pubkey, event)).toEqual(JSON.parse(text ?? ''));
      expect(openShare(author, recipient.publicKey, event)).toEqual(JSON.parse(text ?? ''));
      expect(openShare(reader, event.pubkey, event)).toBe(null);
    } else {
      expect(desk.decryptText(event.content), name).toBe(text);
    }
  }
});

function grantOf(count: number): Event {
  const list = Array.from({ length: count }, (_, n) => ({
    epochKey: keys(`e${n % 3}`).publicKey,
    subject: keys(`t${n % 7}`).publicKey,
    key: ConversationKey.fromBytes(bytesOf(n.toString(16).padStart(64, '0'))),
  }));
  const to = { reader: reader.publicKey, authority: '55'.repeat(32) };
  return buildPatientGrant(keys('doctor'), to, list, 1_790_000_000, random('2100'));
}

test('a built grant opens with as many keys as rows, from 1 to 250', () => {
  for (const count of [1, ROWS_MAX]) {
    const opened = openPatientGrant(reader, verified(grantOf(count)));
    expect(opened?.map(({ key }) => key.bytes().at(-1))).toEqual(Array.from({ length: count }, (_, n) => n));
  }
  expect(() => grantOf(0)).toThrow('size');
  expect(() => grantOf(ROWS_MAX + 1)).toThrow('size');
});

test('a grant of another shape is refused', () => {
  const good = grantOf(2);
  const changed = (tags: readonly Tag[], kind = good.kind) =>
    openPatientGrant(reader, sign(keys('doctor'), kind, tags, good.content, good.created_at));
  expect(changed(good.tags)).not.toBe(null);
  for (const at of good.tags.keys()) expect(changed(good.tags.toSpliced(at, 1)), `without ${at}`).toBe(null);
  const key = '66'.repeat(32);
  for (const tag of [
    ['row', key, key],
    ['row', key],
    ['seq', '1'],
    ['p', key],
    ['unknown', key],
    ['ek', 'short'],
  ]) {
    expect(changed([...good.tags, tag]), tag.join()).toBe(null);
  }
  expect(changed(good.tags, 2101)).toBe(null);
});
