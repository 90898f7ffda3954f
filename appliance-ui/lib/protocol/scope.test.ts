/** Runs `tests/vectors/scope.json`, and every row of `reading.json`, which a script writes from the protocol's text. */
import { expect, test } from 'vitest';
import { sign, type Tag } from './event.ts';
import { preticked } from './permissions.ts';
import { Policy } from './policy.ts';
import { Scope } from './scope.ts';
import { Practice } from './testing/practice.ts';
import { keys } from './testing.ts';
import type { Compartment, Event, Hex } from './types.ts';
import { rows, vectors, verified } from './vectors.ts';

const scopes = vectors<{
  readonly practice: Hex;
  readonly time: number;
  readonly people: { readonly [name: string]: Hex };
  readonly steps: readonly {
    readonly event: Event;
    readonly at: number;
    readonly received: number;
    readonly verdict: string;
  }[];
  readonly events: { readonly [title: string]: Event };
  readonly readers: { readonly [name: string]: readonly string[] };
}>('scope.json');

test('scope vectors show each person what is theirs', () => {
  const policy = new Policy(scopes.practice);
  for (const { event, at, received, verdict } of rows(scopes.steps)) {
    expect(policy.apply(verified(event), at, received) ?? 'ok').toBe(verdict);
  }
  const view = policy.now(scopes.time);
  for (const [name, expected] of rows(Object.entries(scopes.readers))) {
    const scope = Scope.of(view, scopes.people[name] ?? '');
    const seen = Object.entries(scopes.events).filter(([, event]) => scope.permits(verified(event)));
    expect(seen.map(([title]) => title).toSorted(), name).toEqual(expected.toSorted());
  }
});

interface Row {
  readonly kind: number;
  readonly by: string;
  readonly to: string | null;
  readonly compartment: Compartment | 'policy' | 'policy-staff' | null;
  readonly scope?: string;
  readonly lent?: string;
  readonly readers: readonly string[];
}

const reading = vectors<{ readonly readers: readonly string[]; readonly events: readonly Row[] }>(
  'reading.json',
);

/** Everybody whom the table names. */
function people(): Practice {
  const practice = Practice.staffed();
  const confidential = [...preticked('nurse'), 'confidential'] as const;
  practice.hire('confidential-nurse', 'nurse', confidential);
  practice.hire('barred', 'nurse', confidential);
  for (const name of ['suspended', 'former', 'locum']) practice.hire(name, 'nurse');
  const { take } = practice;
  const taken = take.bind(practice);
  taken(practice.agent('fhir', 'fhir', [2110, 2111, 2113, 2116], ['desk', 'chart'], 'all'));
  taken(practice.agent('scheduling', 'scheduling', [2126], ['desk', 'chart'], 'clients'));
  taken(practice.agent('mail', 'mail', [], [], 'none'));
  taken(practice.patient('other-child'));
  taken(practice.link('other-child', 'father'));
  taken(practice.link('teen', 'parent'));
  taken(practice.link('teen', 'aunt', ['desk']));
  taken(practice.link('teen', 'former-guardian'));
  taken(practice.client('doctor', 'school', 'teen'));
  practice.now += 1;
  taken(practice.roster('former', 'nurse', [], [['end']]));
  taken(practice.link('teen', 'former-guardian', ['desk'], { more: [['end']] }));
  taken(practice.suspension('doctor', ['p', practice.key('suspended')]));
  taken(practice.suspension('doctor', ['p', practice.key('other-child')]));
  taken(practice.suspension('doctor', ['p', practice.key('barred')], ['p', practice.key('teen'), 'scope']));
  practice.now += 3_600;
  return practice;
}

const CLINICAL_FAMILY = ['teen', 'own', 'parent', 'aunt'];

/** The row's event, by what a relay sees of it. */
function eventOf(practice: Practice, row: Row, lent: Hex | null): Event {
  const { kind, by, to, compartment } = row;
  const p = (...more: readonly string[]): Tag[] => (to === null ? [] : [['p', practice.key(to), ...more]]);
  const made = (...tags: readonly Tag[]) => sign(keys(by), kind, tags, '', practice.now);
  if (compartment === 'policy' || compartment === 'policy-staff') return made(['c', compartment]);
  if (compartment !== null) {
    const form = CLINICAL_FAMILY.includes(by) ? 'nip44' : 'nip44-dual';
    return made(['p', practice.pair(compartment).public], ...p(), ['enc', form]);
  }
  if (kind === 2104) return made(...p('child'), ['p', practice.key('uncle'), 'guardian']);
  if (kind === 2106) {
    return made(...p(), ['e', lent ?? ''], ['until', `${practice.now + 86_400}`]);
  }
  if (kind === 2108 && row.scope !== undefined) return made(...p(), ['p', practice.key(row.scope), 'scope']);
  return made(...p());
}

test('every row of the table of readers is read by its readers and by nobody else', () => {
  const practice = people();
  practice.take(practice.link('child', 'uncle'));
  let lent: Hex | null = null;
  const table: { readonly row: Row; readonly event: Event }[] = [];
  for (const row of rows(reading.events)) {
    const event = eventOf(practice, row, lent);
    if (row.lent !== undefined) lent = event.id;
    table.push({ row, event });
    if (row.kind === 2108) practice.take(event);
    if (row.kind === 2106) expect(practice.policy.apply(event, 1_000, practice.now)).toBeNull();
  }
  const view = practice.policy.now(practice.now);
  const found = table.map(({ row: { readers: _, ...row }, event }) => {
    const readers = reading.readers.filter(
      (name) => name !== 'anonymous' && Scope.of(view, practice.key(name)).permits(event),
    );
    return { ...row, readers: readers.toSorted() };
  });
  expect(found).toEqual(table.map(({ row }) => ({ ...row, readers: row.readers.toSorted() })));
});

test('keys of one socket have the union of their scopes', () => {
  const practice = Practice.staffed();
  const view = practice.policy.now(practice.now);
  const [mother, teen] = ['mother', 'teen'].map((name) => Scope.of(view, practice.key(name)));
  const record = (to: string) =>
    sign(
      keys('doctor'),
      2113,
      [
        ['p', practice.pair('chart').public],
        ['p', practice.key(to)],
      ],
      '',
      1,
    );
  const both = mother && teen && mother.union(teen);
  expect(['child', 'teen'].map((to) => mother?.permits(record(to)))).toEqual([true, false]);
  expect(['child', 'teen'].map((to) => both?.permits(record(to)))).toEqual([true, true]);
});
