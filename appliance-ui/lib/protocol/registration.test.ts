import { expect, test } from 'vitest';
import { EpochSecret } from './envelope.ts';
import { Policy } from './policy.ts';
import { seeded } from './random.ts';
import { registrationAnswer } from './testing/differ/registration.ts';
import type { Event, Hex } from './types.ts';
import { bytesOf, rows, secretOf, vectors, verified } from './vectors.ts';

interface File {
  readonly practice: Hex;
  readonly secrets: { readonly [name: string]: Hex };
  readonly history: readonly { readonly event: Event; readonly at: number; readonly received: number }[];
  readonly cases: readonly {
    readonly name: string;
    readonly steps: number;
    readonly now: number;
    readonly by: string;
    readonly desk: { readonly n: number; readonly secret: Hex };
    readonly seed: Hex;
    readonly call: string;
    readonly input: { readonly [name: string]: unknown };
    readonly expected: unknown;
  }[];
}

test('registration vectors are signed or refused alike', () => {
  const file = vectors<File>('registration.json');
  for (const given of rows(file.cases)) {
    const policy = new Policy(file.practice);
    for (const { event, at, received } of file.history.slice(0, given.steps))
      expect(policy.apply(verified(event), at, received)).toBe(null);
    const desk = { n: given.desk.n, pair: new EpochSecret(secretOf(given.desk.secret)) };
    const registrar = { secret: secretOf(file.secrets[given.by]), desk, policy, now: given.now };
    const made = registrationAnswer(given.call, given.input, registrar, seeded(bytesOf(given.seed)));
    expect(made, given.name).toEqual(given.expected);
  }
});
