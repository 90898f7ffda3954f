import { expect, test } from 'vitest';
import { EpochSecret, sealFamily, sealStaff } from './envelope.ts';
import { sign } from './event.ts';
import type { JsonObject } from './json.ts';
import { keys, random } from './testing.ts';
import type { Event } from './types.ts';
import { rows, secretOf, vectors, verified } from './vectors.ts';
import { isParty, openAt, openSignalling, parse, parseSignalling, tags } from './visits.ts';

interface File {
  readonly secrets: { readonly doctor: string; readonly guardian: string };
  readonly visit: {
    event: Event;
    subject: string;
    providers: string[];
    guardians: string[];
    start: number;
    end: number;
    open: { at: number; open: boolean }[];
  };
  readonly refused: readonly { name: string; event: Event }[];
  readonly calls: readonly { event: Event; party: string; expiration: number; message: JsonObject }[];
}

const file = vectors<File>('visits.json');

test('visit vectors name their parties and times', () => {
  const { event, open, ...expected } = file.visit;
  const parties = parse(verified(event));
  expect(parties).toMatchObject(expected);
  for (const { at, open: isOpen } of rows(open)) expect(parties && openAt(parties, at), `${at}`).toBe(isOpen);
  for (const row of rows(file.refused)) expect(parse(verified(row.event)), row.name).toBe(null);
});

test('call vectors open for their two parties alone', () => {
  const [doctor, guardian] = [secretOf(file.secrets.doctor), secretOf(file.secrets.guardian)];
  for (const row of rows(file.calls)) {
    const event = verified(row.event);
    expect(parseSignalling(event)).toEqual({ party: row.party, expiration: row.expiration });
    expect(openSignalling(guardian, doctor.publicKey, event)).toEqual(row.message);
    expect(openSignalling(doctor, guardian.publicKey, event)).toEqual(row.message);
    expect(openSignalling(keys('x'), doctor.publicKey, event)).toBe(null);
    const changed = (list: readonly (readonly string[])[], kind = event.kind) =>
      parseSignalling(sign(keys('x'), kind, list, '', event.created_at));
    expect(changed(event.tags)).not.toBe(null);
    expect([changed([...event.tags, ['visit', 'id']]), changed(event.tags.toReversed())]).toEqual([
      null,
      null,
    ]);
    expect([changed(event.tags, 4056), changed([])]).toEqual([null, null]);
  }
});

test('parties and times of a visit stand in clear in both forms', () => {
  const [start, end] = [1_790_000_000, 1_790_001_800];
  const people = { providers: [keys('doctor').publicKey], guardians: [keys('guardian').publicKey] };
  const [practice, epoch, subject] = [
    keys('practice').publicKey,
    new EpochSecret(keys('desk')),
    keys('t').publicKey,
  ];
  const record = {
    kind: 2126,
    resource: { resourceType: 'Appointment', status: 'booked' },
    subject,
    r: '77'.repeat(32),
    extra: tags({ ...people, start, end }),
    createdAt: start - 60,
  };
  const staff = { practice, epoch, reader: subject, confidential: false };
  const family = { practice, epochKey: epoch.public, secondP: subject, confidential: false };
  for (const event of [
    sealStaff(keys('doctor'), staff, record, random('visit')),
    sealFamily(keys('guardian'), family, record, random('visit')),
  ]) {
    const parties = parse(verified(event));
    expect(parties).toEqual({ epochKey: epoch.public, subject, ...people, start, end });
    const who = ['t', 'doctor', 'guardian', 'desk'].map(
      (name) => parties && isParty(parties, keys(name).publicKey),
    );
    expect(who).toEqual([true, true, true, false]);
    expect(parse({ ...event, kind: 2113 })).toBe(null);
  }
});
