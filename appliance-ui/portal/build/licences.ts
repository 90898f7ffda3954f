/** A step of the build: `licences.txt`, the licence of every package that is in the built files, as it asks for. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

/** Packages whose files are taken as they are, so that no module names them. */
const carried = ['atkinson-hyperlegible-next', 'atkinson-hyperlegible-mono', 'literata'].map(
  (font) => `@fontsource-variable/${font}`,
);

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
}

/** The folder of the package that a module is of; null for our own. */
function packageOf(id: string): string | null {
  const path = id.replace(/^\0/, '').replace(/\?.*$/, '');
  const at = path.lastIndexOf('/node_modules/');
  if (at < 0) return null;
  const rest = path.slice(at + '/node_modules/'.length).split('/');
  const name = rest[0]?.startsWith('@') ? rest.slice(0, 2) : rest.slice(0, 1);
  const folder = join(path.slice(0, at), 'node_modules', ...name);
  return existsSync(join(folder, 'package.json')) ? folder : null;
}

function textOf(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name));
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : '';
  const head = `${manifest.name} ${manifest.version}: ${manifest.license ?? 'see below'}`;
  return `${head}\n${'-'.repeat(head.length)}\n${text}`;
}

export function licences(): Plugin {
  return {
    name: 'relaybox-licences',
    apply: 'build',
    generateBundle() {
      const folders = new Set<string>();
      for (const id of this.getModuleIds()) {
        const folder = packageOf(id);
        if (folder) folders.add(folder);
      }
      const modules = join(dirname(import.meta.dirname), '..', 'node_modules');
      for (const name of carried) folders.add(join(modules, name));
      const texts = [...folders].map(textOf).sort();
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: `${texts.join('\n\n\n')}\n` });
    },
  };
}
