/**
 * Makes the package of the library: plain JavaScript with types, as others install it (`npm run pack -- FOLDER`).
 * Gives the path of the tarball. What only tests and our own tools use stays out.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const lib = join(import.meta.dirname, '..');
const workspace = join(lib, '..');
const run = (command: string, args: readonly string[], cwd: string) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** The compiler leaves the address of a worker as it is, because it is no import. */
const WORKER = /new URL\('(\.\/[\w-]+)\.ts', import\.meta\.url\)/g;

function emit(folder: string): void {
  run(
    join(workspace, 'node_modules', '.bin', 'tsc'),
    ['-p', join(lib, 'build', 'tsconfig.json'), '--outDir', folder],
    lib,
  );
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.js')) continue;
    const file = join(folder, name);
    const text = readFileSync(file, 'utf8');
    const mended = text.replaceAll(WORKER, "new URL('$1.js', import.meta.url)");
    if (mended !== text) writeFileSync(file, mended);
  }
  for (const name of readdirSync(join(lib, 'clinical', 'data'))) {
    if (!/^(cvx|growth-(cdc|who))\.json$|^SOURCES\.md$/.test(name)) continue;
    mkdirSync(join(folder, 'clinical', 'data'), { recursive: true });
    cpSync(join(lib, 'clinical', 'data', name), join(folder, 'clinical', 'data', name));
  }
}

/** The manifest of the workspace, for those who install the package: built files, and no word that forbids it. */
function manifest(): string {
  const { private: _, ...kept } = JSON.parse(readFileSync(join(lib, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  const exports = { './*': { types: './*.d.ts', default: './*.js' } };
  return `${JSON.stringify({ ...kept, exports, sideEffects: ['./session/worker.js'] }, null, 2)}\n`;
}

/** Packs into `folder`, and gives the path of the tarball. */
export function pack(folder: string): string {
  const stage = mkdtempSync(join(tmpdir(), 'relaybox-lib-'));
  try {
    emit(stage);
    writeFileSync(join(stage, 'package.json'), manifest());
    cpSync(join(lib, 'README.md'), join(stage, 'README.md'));
    cpSync(join(workspace, '..', 'LICENSE'), join(stage, 'LICENSE'));
    mkdirSync(folder, { recursive: true });
    const said = run('npm', ['pack', '--silent', '--pack-destination', resolve(folder)], stage);
    return join(resolve(folder), said.trim().split('\n').at(-1) ?? '');
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${pack(process.argv[2] ?? dirname(process.argv[1]))}\n`);
