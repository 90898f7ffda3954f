/**
 * The first load of the portal: what a browser fetches before the sign-in page stands, JS and CSS, brotli, without
 * fonts. Fails above the bar. Reads `dist`; run after the build.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';

const dist = join(import.meta.dirname, '..', 'dist');
const barKb = 150;

/** What a chunk imports at once: a dynamic import is fetched when somebody goes there. */
const staticImports = (code: string): readonly string[] =>
  [...code.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)].map((match) => `assets/${match[1]}`);

const page = readFileSync(join(dist, 'index.html'), 'utf8');
const wanted = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map(
  (match) => match[1] ?? '',
);
const seen = new Map<string, number>();
for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
  if (seen.has(name)) continue;
  const bytes = readFileSync(join(dist, name));
  seen.set(name, brotliCompressSync(bytes).length);
  if (name.endsWith('.js')) wanted.push(...staticImports(bytes.toString()));
}
const total = [...seen.values()].reduce((sum, size) => sum + size, 0) / 1024;
for (const [name, size] of seen)
  process.stdout.write(`${(size / 1024).toFixed(1).padStart(7)} KB  ${name}\n`);
process.stdout.write(
  `${total.toFixed(1).padStart(7)} KB  first load, brotli, without fonts (at most ${barKb})\n`,
);
if (total > barKb) process.exitCode = 1;
