import { expect, test } from 'vitest';
import {
  commitment,
  parse as parseBody,
  parseConfidential as parseConfidentialBody,
  typeFits,
} from './body.ts';
import { fromUtf8, toHex } from './bytes.ts';
import {
  EpochSecret,
  openAsPerson,
  openContent,
  openPatientCopy,
  parse as parseEnvelope,
  sealFamily,
  sealStaff,
} from './envelope.ts';
import { sign } from './event.ts';
import { kinds } from './kinds.ts';
import { ConversationKey, ConversationKeys } from './nip44.ts';
import { orThrow } from './result.ts';
import { keys, random } from './testing.ts';
import type { Event } from './types.ts';
import { bytesOf, rows, secretOf, vectors, verified } from './vectors.ts';

interface Case {
  readonly name: string;
  readonly event: Event;
  readonly form: string;
  readonly sign: boolean;
  readonly epoch_key: string;
  readonly second_p: string | null;
  readonly links: readonly [string, string][];
  readonly blobs: readonly string[];
  readonly content_key: string;
  readonly patient_key: string | null;
  readonly body: string;
  readonly pc: string;
}
interface File {
  readonly practice: string;
  readonly secrets: { readonly doctor: string; readonly epoch: string; readonly patient: string };
  readonly cases: readonly Case[];
  readonly refused: readonly { name: string; event: Event }[];
}

const file = vectors<File>('envelope.json');
const conversation = (hex: string) => ConversationKey.fromBytes(bytesOf(hex));

test.for(rows(file.cases))('envelope vector $name opens in each copy it has', (row) => {
  const event = verified(row.event);
  const shape = parseEnvelope(event);
  expect(shape).toEqual({
    form: row.form,
    sign: row.sign,
    epochKey: row.epoch_key,
    secondP: row.second_p,
    links: row.links.map(([id, marker]) => ({ id, marker })),
    blobs: row.blobs,
    commitment: row.pc,
    hasPatientCopy: row.patient_key !== null,
  });
  const bytes = orThrow(openContent(event, conversation(row.content_key)));
  expect(fromUtf8(bytes)).toBe(row.body);
  expect(commitment(bytes)).toBe(row.pc);
  if (row.patient_key !== null) {
    expect(orThrow(openPatientCopy(event, conversation(row.patient_key)))).toEqual(bytes);
    expect(orThrow(openAsPerson(event, secretOf(file.secrets.patient)))).toEqual(bytes);
  }
  const confidential = event.kind === kinds.confidential;
  const body = orThrow(confidential ? parseConfidentialBody(bytes) : parseBody(bytes));
  expect([body.binding.signer, body.binding.epochKey]).toEqual([event.pubkey, shape?.epochKey]);
  expect(body.binding.practice).toBe(file.practice);
  expect(confidential || body.binding.kind === event.kind).toBe(true);
  expect(typeFits(body.binding.kind, body.resource.resourceType)).toBe(true);
});

test('refused envelope vectors are no envelopes', () => {
  for (const { name, event } of rows(file.refused)) expect(parseEnvelope(verified(event)), name).toBe(null);
});

const epoch = new EpochSecret(keys('epoch'));
const record = {
  kind: 2113,
  resource: { resourceType: 'Observation', status: 'final' },
  subject: keys('patient').publicKey,
  r: '11'.repeat(32),
  createdAt: 1_790_000_000,
};
const practice = keys('practice').publicKey;

test('what staff write opens for the patient alone, beside the staff', () => {
  const place = { practice, epoch, reader: keys('patient').publicKey, confidential: false };
  const event = verified(sealStaff(keys('doctor'), place, record, random('seal')));
  const body = orThrow(openContent(event, epoch.practiceKey()));
  expect(orThrow(openAsPerson(event, keys('patient'), new ConversationKeys()))).toEqual(body);
  expect(openAsPerson(event, keys('stranger'))).toEqual({ ok: false, error: 'mac' });
  expect(openContent(event, orThrow(epoch.readerKey(place.reader)))).toEqual({ ok: false, error: 'mac' });
  expect(parseEnvelope(event)).toMatchObject({ form: 'nip44-dual', hasPatientCopy: true, sign: false });
});

test('what a family writes opens for its author and the staff alone', () => {
  const place = { practice, epochKey: epoch.public, secondP: null, confidential: true };
  const event = verified(sealFamily(keys('own'), place, record, random('seal')));
  const body = orThrow(openAsPerson(event, keys('own')));
  expect(orThrow(openContent(event, orThrow(epoch.readerKey(event.pubkey))))).toEqual(body);
  expect(openContent(event, epoch.practiceKey())).toEqual({ ok: false, error: 'mac' });
  expect([event.kind, body.length % 4096]).toEqual([2123, 0]);
  expect(orThrow(parseConfidentialBody(body)).binding.kind).toBe(2113);
});

test('one record sealed twice differs in its nonces, and a retry keeps its act', () => {
  const place = { practice, epoch, reader: null, confidential: false };
  const stream = random('retry');
  const [first, second] = [1, 2].map(() => verified(sealStaff(keys('doctor'), place, record, stream)));
  expect(first?.content).not.toBe(second?.content);
  const open = (event: Event | undefined) =>
    toHex(orThrow(openContent(event ?? never(), epoch.practiceKey())));
  expect(open(first)).toBe(open(second));
});

function never(): never {
  throw new Error('no event');
}

test('tags of another kind, too many elements and second tags are refused', () => {
  const place = { practice, epoch, reader: keys('patient').publicKey, confidential: false };
  const good = sealStaff(keys('doctor'), place, record, random('shape'));
  const changed = (kind: number, tags: readonly (readonly string[])[]) =>
    parseEnvelope(sign(keys('doctor'), kind, tags, good.content, good.created_at));
  expect(changed(2113, good.tags)).not.toBe(null);
  const id = '22'.repeat(32);
  const bad = [
    ['p', id],
    ['p', id, 'provider'],
    ['enc', 'nip44-dual'],
    ['pc', id],
    ['patient-content', 'x'],
    ['act', 'other'],
    ['e', id],
    ['e', id, 'relay', 'ref'],
    ['e', id, '', 'mention'],
    ['e', id, '', 'ref', 'more'],
    ['x', 'short'],
    ['start', '1'],
    ['own', id],
    ['legacy'],
    ['unknown'],
    [''],
  ];
  for (const tag of bad) expect(changed(2113, [...good.tags, tag]), tag.join()).toBe(null);
  for (const tag of [
    ['act', 'sign'],
    ['e', id, '', 'ref'],
    ['x', id],
  ]) {
    expect(changed(2113, [...good.tags, tag]), tag.join()).not.toBe(null);
  }
  expect(changed(2110, [...good.tags, ['own', id], ['pop', id, id + id], ['legacy']])).not.toBe(null);
  expect(changed(2122, good.tags)).toBe(null);
  expect(changed(2113, [])).toBe(null);
});
