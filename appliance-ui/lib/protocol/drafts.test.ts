import { expect, test } from 'vitest';
import { toHex } from './bytes.ts';
import { build, draftName, nextCreatedAt, open, parse, sharedName } from './drafts.ts';
import { EpochSecret } from './envelope.ts';
import { sign } from './event.ts';
import type { JsonObject } from './json.ts';
import { keys, random } from './testing.ts';
import type { Event } from './types.ts';
import { rows, secretOf, vectors, verified } from './vectors.ts';

interface File {
  readonly secrets: { readonly chart: string };
  readonly x1: string;
  readonly shared: readonly { logical_key: string; d: string }[];
  readonly times: readonly { now: number; previous: number | null; created_at: number }[];
  readonly cases: readonly { event: Event; d: string; expiration: number; state: JsonObject }[];
}

const file = vectors<File>('drafts.json');
const chart = new EpochSecret(secretOf(file.secrets.chart));

test('draft vectors open and names agree', () => {
  for (const { logical_key, d } of rows(file.shared)) expect(sharedName(chart.secret, logical_key)).toBe(d);
  for (const { now, previous, created_at } of rows(file.times))
    expect(nextCreatedAt(now, previous)).toBe(created_at);
  expect(toHex(chart.practiceKey().bytes())).toBe(file.x1);
  for (const row of rows(file.cases)) {
    const event = verified(row.event);
    expect(parse(event)).toEqual({ d: row.d, epochKey: chart.public, expiration: row.expiration });
    expect(open(event, chart.practiceKey())).toEqual(row.state);
    expect(open(event, new EpochSecret(keys('other')).practiceKey())).toBe(null);
  }
});

test('a built draft reads back, and each departure from its shape is refused', () => {
  const draft = {
    kind: 32110,
    d: draftName(random('d')),
    state: { note: 'ü', held: [1, null] },
    expiration: 1_790_000_100,
    createdAt: 1_790_000_000,
  } as const;
  const event = verified(build(keys('doctor'), chart, draft, random('draft')));
  expect(parse(event)).toEqual({ d: draft.d, epochKey: chart.public, expiration: draft.expiration });
  expect(open(event, chart.practiceKey())).toEqual(draft.state);
  const changed = (tags: readonly (readonly string[])[], kind: number = event.kind) =>
    parse(sign(keys('doctor'), kind, tags, event.content, event.created_at));
  expect(changed(event.tags)).not.toBe(null);
  for (const at of event.tags.keys())
    expect(changed(event.tags.toSpliced(at, 1)), `without ${at}`).toBe(null);
  for (const tag of [
    ['d', draft.d],
    ['p', chart.public],
    ['enc', 'nip44'],
    ['expiration', '1'],
    ['t', 'x'],
  ]) {
    expect(changed([...event.tags, tag]), tag.join()).toBe(null);
  }
  expect(changed(event.tags, 32111)).toBe(null);
  expect(changed(event.tags, 30078)).toBe(null);
  expect(changed(event.tags.with(2, ['enc', 'nip04']))).toBe(null);
  expect(changed(event.tags.with(0, ['d', draft.d.toUpperCase()]))).toBe(null);
});
