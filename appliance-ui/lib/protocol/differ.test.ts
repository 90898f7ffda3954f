/**
 * The differential run: ten thousand seeded random inputs, made and answered by the Rust code
 * (`target/debug/differ`, built by the step before), answered here, compared. `DIFFER_SEED` and `DIFFER_COUNT` choose
 * others; a failure prints what makes its one case again.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { answer, ops } from './testing/differ.ts';

const BINARY = fileURLToPath(new URL('../../../target/debug/differ', import.meta.url));
const SEED = process.env.DIFFER_SEED ?? 'relaybox';
const COUNT = Number(process.env.DIFFER_COUNT ?? '10000');

interface Case {
  readonly n: number;
  readonly op: string;
  readonly input: { readonly [name: string]: unknown };
  readonly output: unknown;
}

test('Rust and TypeScript answer ten thousand random inputs alike', { timeout: 600_000 }, async () => {
  const maker = spawn(BINARY, [SEED, '0', `${COUNT}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve, reject) => {
    maker.on('error', reject);
    maker.on('close', resolve);
  });
  const seen = new Map<string, number>();
  const different: string[] = [];
  for await (const line of createInterface({ input: maker.stdout })) {
    const row = JSON.parse(line);
    if (row.ops) {
      expect(row.ops.toSorted()).toEqual(ops.toSorted());
      continue;
    }
    seen.set(row.op, (seen.get(row.op) ?? 0) + 1);
    const found = difference(row);
    if (found !== null) different.push(found);
  }
  expect(await ended).toBe(0);
  expect(different.slice(0, 5).join('\n\n')).toBe('');
  const cases = [...seen.values()].reduce((sum, count) => sum + count, 0);
  expect(cases).toBe(COUNT);
  if (COUNT >= 10_000) expect([...seen.keys()].sort()).toEqual(ops.toSorted());
});

/** What differs in one case, with the command that makes it again. */
function difference({ n, op, input, output }: Case): string | null {
  const ours = answer(op, input);
  if (isDeepStrictEqual(ours, output)) return null;
  const again = `target/debug/differ '${SEED}' ${n} 1`;
  return `${op}: ${again}\ninput ${JSON.stringify(input)}\nRust ${JSON.stringify(output)}\nTypeScript ${JSON.stringify(ours)}`;
}
