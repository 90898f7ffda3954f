/** A step of the build: tells the service worker which files there are, and makes its bytes new when one of them is. */
import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';

export const workerName = 'sw.js';

export function serviceWorker(extra: readonly string[]): Plugin {
  return {
    name: 'relaybox-service-worker',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const worker = bundle[workerName];
        if (worker?.type !== 'chunk') throw new Error(`${workerName} is not among the built files`);
        const hash = createHash('sha256');
        const built = Object.values(bundle)
          .filter((file) => file !== worker)
          .sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
        for (const file of built) hash.update(file.type === 'chunk' ? file.code : file.source);
        const names = ['/index.html', ...extra, ...built.map((file) => `/${file.fileName}`)];
        const listed = [...new Set(names)].filter((name) => !/\.(map|txt)$/.test(name));
        worker.code = worker.code
          .replace('__BUILD__', JSON.stringify(hash.digest('hex').slice(0, 16)))
          .replace('__FILES__', JSON.stringify(listed));
      },
    },
  };
}
