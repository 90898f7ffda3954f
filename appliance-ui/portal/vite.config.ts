import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { brotli } from './build/brotli.ts';
import { licences } from './build/licences.ts';
import { serviceWorker, workerName } from './build/service-worker.ts';

const here = import.meta.dirname;
const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')) as { version: string };
const icons = ['/manifest.webmanifest', '/icon.svg', '/icon-192.png'];

export default defineConfig({
  plugins: [react(), licences(), serviceWorker(icons), brotli()],
  define: { __VERSION__: JSON.stringify(version) },
  build: {
    target: 'es2023',
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: join(here, 'index.html'), sw: join(here, 'src/sw.ts') },
      output: {
        entryFileNames: ({ name }) => (name === 'sw' ? workerName : 'assets/[name]-[hash].js'),
        // All that the first page needs is one script: on a slow line each more is one more round trip.
        codeSplitting: {
          groups: [{ name: 'main', tags: ['$initial'], test: (id) => !id.endsWith('/src/sw.ts') }],
        },
      },
    },
  },
  worker: { format: 'es' },
});
