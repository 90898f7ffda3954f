import { globSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = new URL('../../../tests/vectors/', import.meta.url);

/** Vector files that a test opens: by the helpers of `vectors.ts`, by one path, or by its parts. */
const OPENED = [
  /\b(?:vectors|vectorText)(?:<[^(]*>)?\(\s*'([\w-]+\.json)'/g,
  /'[./]*tests\/vectors\/([\w-]+\.json)'/g,
  /'vectors', '([\w-]+\.json)'/g,
];

function opened(source: string): string[] {
  return OPENED.flatMap((form) => [...source.matchAll(form)].map(([, name = '']) => name));
}

test('every vector file has a reader in TypeScript', () => {
  const all = globSync('{lib,portal/src}/**/*.test.{ts,tsx}', { cwd: ROOT });
  const tests = all.filter((path) => !path.endsWith('/vectors.test.ts'));
  const read = new Set(tests.flatMap((path) => opened(readFileSync(`${ROOT}${path}`, 'utf8'))));
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((name) => !read.has(name))).toEqual([]);
  expect([...read].filter((name) => !files.includes(name))).toEqual([]);
});

test('a name in a comment is no reader', () => {
  expect(opened('/** Runs `tests/vectors/fold.json`. */ const name = "keys.json";')).toEqual([]);
  expect(opened("vectors<File>('a.json'); new URL('../tests/vectors/b.json', here)")).toEqual([
    'a.json',
    'b.json',
  ]);
});
