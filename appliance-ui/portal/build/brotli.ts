/**
 * A step of the build: beside each file that shrinks, the same packed as brotli (`.br`), once and at its best.
 * The gateway sends it to those who take it, and packs nothing while it serves.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const SHRINKS = /\.(html|js|css|json|svg|webmanifest|txt)$/;

export function brotli() {
  let folder = '';
  return {
    name: 'relaybox-brotli',
    apply: 'build' as const,
    configResolved(config: { root: string; build: { outDir: string } }) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        if (!SHRINKS.test(name)) continue;
        const plain = readFileSync(join(folder, name));
        const packed = brotliCompressSync(plain, {
          params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
        });
        if (packed.length < plain.length) writeFileSync(join(folder, `${name}.br`), packed);
      }
    },
  };
}
