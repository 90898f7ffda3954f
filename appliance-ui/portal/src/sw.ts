/**
 * The service worker: the portal's own files, so that it opens without a connection. It keeps the files of one build
 * and nothing else: no record, no answer of a box, no page of another origin ever goes through a cache here. A new
 * build waits until the person takes it (`skip`), so that no page runs half of each.
 */
declare const self: ServiceWorkerGlobalScope;
/** Put in by the build: a hash over all files, and their addresses. */
declare const __BUILD__: string;
declare const __FILES__: readonly string[];

const name = `portal ${__BUILD__}`;
const files = new Set(__FILES__);
const page = '/index.html';

self.addEventListener('install', (event) => {
  const wanted = [...files].map((file) => new Request(file, { cache: 'reload' }));
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(wanted)));
});

const clean = async () => {
  const old = (await caches.keys()).filter((key) => key.startsWith('portal ') && key !== name);
  await Promise.all(old.map((key) => caches.delete(key)));
  await self.clients.claim();
};
self.addEventListener('activate', (event) => event.waitUntil(clean()));

self.addEventListener('message', (event) => {
  if (event.data === 'skip') void self.skipWaiting();
});

/** The file of this build that answers a request; null: the network answers as if this were not here. */
function fileFor(request: Request): string | null {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return null;
  if (files.has(url.pathname)) return url.pathname;
  // Routes have no dot; a file that is not of this build is the server's matter.
  return request.mode === 'navigate' && !url.pathname.includes('.') ? page : null;
}

self.addEventListener('fetch', (event) => {
  const file = fileFor(event.request);
  if (file === null) return;
  const kept = caches.open(name).then((cache) => cache.match(file));
  event.respondWith(kept.then((answer) => answer ?? fetch(event.request)));
});

export {};
