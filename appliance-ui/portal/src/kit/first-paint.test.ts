import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dark, light } from './tokens.ts';

test('what the page paints before its script has come has the colours of the tokens', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'index.html'), 'utf8');
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
  const [inLight = '', inDark = ''] = style.split('@media');
  const read = (text: string) =>
    Object.fromEntries(
      [...text.matchAll(/--rb-(\w+): (#\w+)/g)].map(([, name = '', value]) => [name, value]),
    );
  const names = ['paper', 'ink', 'vault'] as const;
  const of = (roles: typeof light) => Object.fromEntries(names.map((name) => [name, roles[name]]));
  expect(read(inLight)).toEqual(of(light));
  expect(read(inDark)).toEqual(of(dark));
});
