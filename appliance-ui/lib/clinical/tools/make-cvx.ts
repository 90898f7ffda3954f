/**
 * Writes `data/cvx.json`: every CVX code with CDC's short description, status and vaccine groups.
 *
 *   node appliance-ui/lib/clinical/tools/make-cvx.ts FOLDER
 *
 * FOLDER holds CDC's `cvx.xml` and `vac2vg.xml` with the SHA-256 below; `data/SOURCES.md` says where from.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const sources = {
  'cvx.xml': 'c90b427a831ef4c4f19b609f1190b858c3a0b5dc1aedc85ef609fbffbe9b4fbb',
  'vac2vg.xml': 'cbf404566bdc7e3445a658f4ea8fd1e5e84c8320320f31ef8ab46c6394607706',
} as const;

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: make-cvx.ts FOLDER');

const read = (name: keyof typeof sources): string => {
  const bytes = readFileSync(join(folder, name));
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sources[name]) throw new Error(`${name} has SHA-256 ${found}, not ${sources[name]}`);
  // Both files are ISO-8859-1.
  return bytes.toString('latin1');
};

const entities: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const plain = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '').trim();
const inside = (xml: string, element: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${element}>([\\s\\S]*?)</${element}>`, 'g'))].map((found) =>
    plain(found[1] ?? ''),
  );

const groups = new Map<string, string[]>();
for (const block of inside(read('vac2vg.xml'), 'CVXVGInfo')) {
  const [, code = '', , group = ''] = inside(block, 'Value');
  groups.set(code, [...(groups.get(code) ?? []), group]);
}

const codes: Record<string, readonly [name: string, active: 0 | 1, groups: readonly string[]]> = {};
for (const block of inside(read('cvx.xml'), 'CVXInfo')) {
  const [name = ''] = inside(block, 'ShortDescription');
  const [code = ''] = inside(block, 'CVXCode');
  const [status] = inside(block, 'Status');
  codes[code] = [name, status === 'Active' ? 1 : 0, groups.get(code) ?? []];
}
const made = { source: Object.entries(sources).map(([file, sha256]) => ({ file, sha256 })), codes };
writeFileSync(join(import.meta.dirname, '..', 'data', 'cvx.json'), `${JSON.stringify(made)}\n`);
