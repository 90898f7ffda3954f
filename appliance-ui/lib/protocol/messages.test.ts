import { expect, test } from 'vitest';
import { parse as parseBody, parseConfidential } from './body.ts';
import { EpochSecret, openAsPerson, openContent, parse as parseEnvelope } from './envelope.ts';
import { kinds } from './kinds.ts';
import { fromFamily, fromOwnKey, fromStaff } from './messages.ts';
import { ConversationKey } from './nip44.ts';
import { orThrow } from './result.ts';
import { keys, random } from './testing.ts';
import type { Event } from './types.ts';
import { rows, secretOf, vectors, verified } from './vectors.ts';

type Name = 'chart' | 'confidential' | 'desk' | 'doctor' | 'guardian' | 'other' | 'own' | 'patient';
interface File {
  readonly practice: string;
  readonly secrets: { readonly [name in Name]: string };
  readonly cases: readonly { name: string; event: Event; epoch: Name; opens_for: Name; closed_for: Name[] }[];
}

const file = vectors<File>('messages.json');
const secret = (name: Name) => secretOf(file.secrets[name]);

test.for(rows(file.cases))('message vector $name opens for whom it names', (row) => {
  const event = verified(row.event);
  const epoch = secret(row.epoch);
  const by = parseEnvelope(event)?.form === 'nip44-dual' ? epoch.publicKey : event.pubkey;
  const staff = orThrow(openContent(event, orThrow(ConversationKey.derive(epoch, by))));
  expect(orThrow(openAsPerson(event, secret(row.opens_for)))).toEqual(staff);
  const { kind, subject, practice } = orThrow(parseBody(staff)).binding;
  expect([kind, subject, practice]).toEqual([kinds.message, secret('patient').publicKey, file.practice]);
  for (const name of rows(row.closed_for)) expect(openAsPerson(event, secret(name)).ok, name).toBe(false);
});

test('each author form has its kind, form and readers', () => {
  const [practice, epoch] = [keys('practice').publicKey, new EpochSecret(keys('epoch'))];
  const message = {
    communication: { resourceType: 'Communication', status: 'completed' },
    subject: keys('patient').publicKey,
    r: '33'.repeat(32),
    links: [{ id: '44'.repeat(32), marker: 'reply' }],
    createdAt: 1_790_000_000,
  };
  const place = { practice, epochKey: epoch.public };
  const to = { practice, epoch, to: keys('guardian').publicKey, confidential: false };
  const answer = verified(fromStaff(keys('doctor'), to, message, random('a')));
  const question = verified(fromFamily(keys('guardian'), place, message, random('b')));
  const secretly = verified(fromOwnKey(keys('own'), place, message, random('c')));
  expect([answer, question, secretly].map(({ kind }) => kind)).toEqual([2117, 2117, 2123]);
  expect([answer, question, secretly].map((event) => parseEnvelope(event)?.form)).toEqual([
    'nip44-dual',
    'nip44',
    'nip44',
  ]);
  expect(parseEnvelope(question)).toMatchObject({ secondP: null, links: message.links });
  for (const [event, person] of [
    [answer, 'guardian'],
    [question, 'guardian'],
    [secretly, 'own'],
  ] as const) {
    const body = orThrow(openAsPerson(event, keys(person)));
    const parsed = orThrow(event === secretly ? parseConfidential(body) : parseBody(body));
    expect(parsed.binding).toMatchObject({ kind: 2117, signer: event.pubkey, r: message.r });
    expect(openAsPerson(event, keys('patient')).ok).toBe(false);
  }
});
