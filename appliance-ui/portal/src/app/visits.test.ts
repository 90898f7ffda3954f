import { fold, type Record } from '@relaybox/lib/protocol/fold';
import type { ChartView, Checked } from '@relaybox/lib/session/api';
import { expect, test } from 'vitest';
import { lettersOf } from './letters.ts';
import { newsOf } from './news.ts';
import { appointments, toCome, visitRows } from './visits.ts';

const T = 't'.repeat(64);
const now = Date.parse('2026-11-25T12:00:00Z') / 1000;

type Given = Partial<Record> & Pick<Record, 'id' | 'kind' | 'resource'>;

function viewOf(given: readonly Given[], received = now - 3600, me: readonly string[] = []): ChartView {
  const records = given.map(
    (one, n): Record => ({
      aliases: [],
      signer: 'staff',
      author: 'staff',
      subject: T,
      compartment: 'chart',
      act: null,
      links: [],
      sign: true,
      order: { position: 1, received, n },
      createdAt: received,
      ...one,
    }),
  );
  const checked = records.map((record, m): [string, Checked] => [
    record.id,
    {
      id: record.id,
      m,
      signer: {
        key: record.signer,
        name: record.signer,
        role: 'doctor',
        member: true,
        me: me.includes(record.signer),
      },
      received: record.order.received,
      marks: { copiesDiffer: false, unsigned: false, outside: false, former: false },
      compartment: record.compartment,
    },
  ]);
  return {
    chart: fold(new Set([T]), records, 'complete'),
    checked: new Map(checked),
  } as unknown as ChartView;
}

const encounter = (id: string, start: string): Given => ({
  id,
  kind: 2111,
  resource: { resourceType: 'Encounter', period: { start } },
});
const booked = (id: string, start: string, status: string, links: Record['links'] = []): Given => ({
  id,
  kind: 2126,
  compartment: 'desk',
  links,
  resource: {
    resourceType: 'Appointment',
    status,
    start,
    description: 'Checkup',
    participant: [
      { actor: { reference: 'Patient/x', display: 'Mateo' } },
      { actor: { reference: 'Practitioner/y', display: 'Dr. Vale' } },
    ],
  },
});

test('visits stand newest first, and an addendum stands with its note', () => {
  const view = viewOf([
    encounter('a', '2026-01-02T10:00:00Z'),
    encounter('b', '2026-05-02T10:00:00Z'),
    { ...encounter('c', '2026-05-03T10:00:00Z'), links: [{ id: 'a', marker: 'addendum' }] },
  ]);
  expect(visitRows(view).map((row) => [row.checked.id, row.encounter.addenda.length])).toEqual([
    ['b', 0],
    ['a', 1],
  ]);
  expect(visitRows(view)).toBe(visitRows(view));
});

test('an appointment names its clinicians and not the patient, and a moved one stands once', () => {
  const view = viewOf([
    booked('a', '2026-11-26T10:00:00Z', 'booked'),
    booked('b', '2026-11-27T10:00:00Z', 'booked', [{ id: 'a', marker: 'correction' }]),
  ]);
  const list = appointments(view);
  expect(list.map(({ id, who, state }) => ({ id, who, state }))).toEqual([
    { id: 'b', who: ['Dr. Vale'], state: 'booked' },
  ]);
});

test('what is over, cancelled or done is not to come; what was asked for is', () => {
  const view = viewOf([
    booked('past', '2026-11-24T10:00:00Z', 'booked'),
    booked('off', '2026-11-28T10:00:00Z', 'cancelled'),
    booked('done', '2026-11-29T10:00:00Z', 'fulfilled'),
    booked('asked', '2026-11-30T10:00:00Z', 'proposed'),
    booked('next', '2026-12-01T10:00:00Z', 'booked'),
  ]);
  expect(toCome(appointments(view), now).map(({ id, state }) => [id, state])).toEqual([
    ['asked', 'asked'],
    ['next', 'booked'],
  ]);
});

test('an appointment in conflict shows both versions, marked', () => {
  const view = viewOf([
    booked('a', '2026-11-26T10:00:00Z', 'booked'),
    booked('b', '2026-11-27T10:00:00Z', 'booked', [{ id: 'a', marker: 'correction' }]),
    booked('c', '2026-11-28T10:00:00Z', 'booked', [{ id: 'a', marker: 'correction' }]),
  ]);
  expect(appointments(view).map(({ id, conflict }) => [id, conflict])).toEqual([
    ['b', true],
    ['c', true],
  ]);
});

const letter = (id: string, signer: string, text: string, links: Record['links'] = []): Given => ({
  id,
  kind: 2117,
  signer,
  links,
  resource: {
    resourceType: 'Communication',
    topic: { text: 'Rash' },
    payload: [{ contentString: text }, { contentAttachment: { title: 'photo' } }],
  },
});

test('a thread is one conversation of letters, oldest first, with its files counted', () => {
  const view = viewOf([
    letter('a', 'mother', 'One\n\nTwo'),
    letter('b', 'staff', 'Three', [{ id: 'a', marker: 'reply' }]),
  ]);
  const [thread] = lettersOf([view, null]);
  expect(thread?.topic).toBe('Rash');
  expect(thread?.letters.map(({ paragraphs, files }) => ({ paragraphs, files }))).toEqual([
    { paragraphs: ['One', 'Two'], files: 1 },
    { paragraphs: ['Three'], files: 1 },
  ]);
  expect(thread?.headless).toBe(false);
});

test('an answer whose question is not here says that the beginning is missing', () => {
  const view = viewOf([letter('b', 'staff', 'Three', [{ id: 'gone', marker: 'reply' }])]);
  expect(lettersOf([view])[0]?.headless).toBe(true);
});

test('news are what others signed and the box received lately; own and old things are none', () => {
  const recent = encounter('a', '2026-11-24T10:00:00Z');
  expect(newsOf(viewOf([recent]), now).map(({ is }) => is)).toEqual(['note']);
  expect(newsOf(viewOf([recent], now - 20 * 86_400), now)).toEqual([]);
  expect(newsOf(viewOf([encounter('a', '2025-01-01T10:00:00Z')]), now)).toEqual([]);
  expect(newsOf(viewOf([letter('a', 'mother', 'Hi')], now - 3600, ['mother']), now)).toEqual([]);
});
