/** Runs `tests/vectors/policy.json`, and asks the past as well as the present. */
import { describe, expect, test } from 'vitest';
import { proofHolds } from './keys.ts';
import { type Person, Policy, type ProofCheck, type View } from './policy.ts';
import type { Event, Hex } from './types.ts';
import { rows, vectors, verified } from './vectors.ts';

interface Step {
  readonly event: Event;
  readonly at: number;
  readonly received: number;
  readonly verdict: string;
}

interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly asks: readonly {
    readonly at: number;
    readonly time: number;
    readonly people: { readonly [name: string]: unknown };
  }[];
}

const file = vectors<{
  readonly practice: Hex;
  readonly people: { readonly [name: string]: Hex };
  readonly cases: readonly Case[];
}>('policy.json');

const cases = rows(file.cases);

function word(person: Person): string {
  return person.is === 'member' ? person.member.role : person.is;
}

function standing(view: View, key: Hex): unknown {
  return {
    is: word(view.person(key)),
    suspended: view.suspended(key),
    barred: view.barred(key),
    children: view.linksOf(key).map((link) => link.child),
  };
}

function everyone(view: View): unknown {
  return Object.values(file.people).map((key) => standing(view, key));
}

const checked = new Map<string, boolean>();

/** A proof is the same each time; a chart's reader checks it once, too. */
const proves: ProofCheck = (...proof) => {
  const name = proof.join(' ');
  const holds = checked.get(name) ?? proofHolds(...proof);
  checked.set(name, holds);
  return holds;
};

function fold(steps: readonly Step[]): Policy {
  const policy = new Policy(file.practice, proves);
  for (const { event, at, received, verdict } of steps) {
    const judged = policy.judge(event, at, received);
    expect(judged ?? 'ok').toBe(verdict);
    expect(policy.apply(event, at, received)).toBe(judged);
    expect(policy.counted(event.id)).toBe(judged === null);
  }
  return policy;
}

describe('policy vectors', () => {
  test.each(cases.map((row) => [row.name, row] as const))('fold to the same people: %s', (_, row) => {
    for (const { event } of rows(row.steps)) verified(event);
    const policy = fold(row.steps);
    for (const ask of rows(row.asks)) {
      const view = policy.at(ask.at, ask.time);
      for (const [name, expected] of Object.entries(ask.people)) {
        expect(standing(view, file.people[name] ?? ''), name).toEqual(expected);
      }
    }
  });
});

test('the past of the whole fold is the present of its prefix', () => {
  for (const { steps, name } of cases) {
    const whole = fold(steps);
    const prefix = new Policy(file.practice, proves);
    for (const [n, { event, at, received }] of steps.entries()) {
      prefix.apply(event, at, received);
      if (steps[n + 1]?.at === at) continue;
      expect(everyone(whole.at(at, received)), name).toEqual(everyone(prefix.now(received)));
    }
  }
});

test('a copy of the fold goes its own way', () => {
  for (const { steps } of cases) {
    for (const cut of steps.keys()) {
      const policy = fold(steps.slice(0, cut));
      const time = steps.at(-1)?.received ?? 0;
      const before = everyone(policy.now(time));
      const copy = policy.clone();
      for (const { event, at, received } of steps.slice(cut)) copy.apply(event, at, received);
      expect(everyone(policy.now(time))).toEqual(before);
      expect(everyone(copy.now(time))).toEqual(everyone(fold(steps).now(time)));
    }
  }
});

test('an event counts once', () => {
  const { steps } = cases[0] ?? { steps: [] };
  const policy = fold(steps);
  const counted = steps.filter(({ event }) => policy.counted(event.id));
  expect(counted.length).toBeGreaterThan(0);
  for (const { event } of counted) expect(policy.apply(event, 1_000, 2_000_000_000)).toBe('counted');
});

test('a proof of possession is asked for each key once, when it enters', () => {
  const { steps } = cases[0] ?? { steps: [] };
  const asked: Hex[] = [];
  const policy = new Policy(file.practice, (key) => {
    asked.push(key);
    return true;
  });
  for (const { event, at, received } of steps) policy.apply(event, at, received);
  expect(asked.length).toBeGreaterThan(0);
  expect(new Set(asked).size).toBe(asked.length);
  const [first] = steps.filter(({ event }) => event.tags.some(([name]) => name === 'pop'));
  const refusing = new Policy(file.practice, () => false);
  for (const { event, at, received } of steps) {
    const refusal = refusing.apply(event, at, received);
    if (event.id === first?.event.id) expect(refusal).toBe('pop');
  }
});
