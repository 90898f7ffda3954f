/** Runs `tests/vectors/disclosure.json`. */
import { expect, test } from 'vitest';
import type { Hex } from '../types.ts';
import { rows, vectors } from '../vectors.ts';
import { openPacket, type Packet, parsePacket } from './disclosure.ts';
import { tiesOf } from './ties.ts';

const file = vectors<{
  readonly practice: Hex;
  readonly packet: Packet;
  readonly shares: readonly unknown[];
  readonly harmed: readonly {
    readonly name: string;
    readonly record: number;
    readonly member: 'body' | 'event' | 'ties';
    readonly from: string;
    readonly to: string;
    readonly reason: string;
  }[];
}>('disclosure.json');
const { practice, packet } = file;

test('a packet proves its records, and says k of n of their chains', () => {
  const { outcomes, shares } = openPacket(practice, packet);
  expect(outcomes.size).toBe(packet.records.length);
  expect([...outcomes.values()].map(({ is }) => is)).toEqual(packet.records.map(() => 'shown'));
  const written = shares.map(({ chain, k, n, asOf }) => {
    if (chain.is !== 'clinical') throw new Error('a chain of policy');
    return { compartment: chain.compartment, subject: chain.subject, k, n, as_of: asOf };
  });
  expect(written).toEqual(file.shares);
});

test.each(rows(file.harmed).map((row) => [row.name, row.reason, row] as const))(
  'a packet that is harmed by "%s" is refused as %s',
  (_, reason, { record, member, from, to }) => {
    const whole = packet.records[record];
    if (whole === undefined) throw new Error('no record');
    const harmed =
      member === 'body'
        ? { ...whole, body: whole.body.replace(from, to) }
        : { ...whole, [member]: JSON.parse(JSON.stringify(whole[member]).replace(from, to)) };
    expect(harmed).not.toEqual(whole);
    const records = packet.records.map((other, at) => (at === record ? harmed : other));
    const { outcomes } = openPacket(practice, { ...packet, records });
    expect(outcomes.get(harmed.event.id)).toEqual({ is: 'quarantine', reason });
  },
);

test('a packet of another practice proves nothing', () => {
  const { outcomes, shares } = openPacket('ab'.repeat(32), packet);
  expect(new Set([...outcomes.values()].map((outcome) => outcome.is))).toEqual(new Set(['quarantine']));
  expect(shares).toEqual([]);
});

test('a record by a family is refused without what names its author', () => {
  const records = packet.records.map(({ ties: _, ...record }) => record);
  const { outcomes } = openPacket(practice, { ...packet, records });
  const refused = [...outcomes.values()].filter(({ is }) => is === 'quarantine');
  const tied = packet.records.filter(({ ties }) => ties?.length);
  expect(tied.length).toBeGreaterThan(0);
  expect(refused).toEqual(tied.map(() => ({ is: 'quarantine', reason: 'not-member' })));
});

test('a link that ends somebody ties nobody', () => {
  const link = packet.records.flatMap(({ ties }) => ties ?? []).find(({ kind }) => kind === 2104);
  if (link === undefined) throw new Error('no link');
  expect(tiesOf(link)).toHaveLength(1);
  expect(tiesOf({ ...link, tags: [...link.tags, ['end']] })).toEqual([]);
});

test('a packet is read in its exact shape', () => {
  const read = parsePacket(JSON.stringify(packet));
  expect(read?.records.map(({ event }) => event)).toEqual(packet.records.map(({ event }) => event));
  expect(read?.policy).toEqual(packet.policy);
  const [first] = packet.records;
  const departures: readonly unknown[] = [
    { ...packet, more: 1 },
    { records: packet.records },
    { ...packet, records: [{ ...first, more: 1 }] },
    { ...packet, records: [{ ...first, body: 1 }] },
    { ...packet, records: [{ ...first, newest: null }] },
    { ...packet, policy: [{ ...packet.policy[0], more: 1 }] },
    [packet],
  ];
  for (const departure of departures) expect(parsePacket(JSON.stringify(departure))).toBeNull();
});
