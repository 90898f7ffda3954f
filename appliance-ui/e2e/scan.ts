/** Looks for texts wherever a page could have left them: its document, web storage, IndexedDB, caches, memory. */
import type { Page } from 'playwright-core';

/** Everything that storage of the origin holds, as text; bytes as the letters that they would be. */
const stored = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const parts: string[] = [];
    const text = (value: unknown): string => {
      if (value instanceof ArrayBuffer) return text(new Uint8Array(value));
      if (ArrayBuffer.isView(value)) {
        const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
        const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
        return `${new TextDecoder('latin1').decode(bytes)} ${hex}`;
      }
      if (value instanceof Map || value instanceof Set) return text([...value]);
      if (Array.isArray(value)) return value.map(text).join(' ');
      if (typeof value === 'object' && value !== null)
        return Object.entries(value)
          .map(([name, one]) => `${name} ${text(one)}`)
          .join(' ');
      return String(value);
    };
    for (const storage of [localStorage, sessionStorage]) parts.push(text({ ...storage }));
    parts.push(document.cookie, location.href, JSON.stringify(history.state));
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    for (const { name } of await indexedDB.databases()) {
      const base = await done(indexedDB.open(name ?? ''));
      for (const store of base.objectStoreNames) {
        const all = base.transaction(store).objectStore(store);
        parts.push(text(await done(all.getAll())), text(await done(all.getAllKeys())));
      }
      base.close();
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) parts.push(request.url);
    }
    return parts.join('\n');
  });

/** All strings that the page's heap holds. Collected first, so that only what is still reachable counts. */
async function remembered(page: Page): Promise<string> {
  const cdp = await page.context().newCDPSession(page);
  const parts: string[] = [];
  cdp.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => void parts.push(chunk));
  await cdp.send('HeapProfiler.enable');
  await cdp.send('HeapProfiler.collectGarbage');
  await cdp.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await cdp.detach();
  const snapshot = JSON.parse(parts.join('')) as { readonly strings: readonly string[] };
  return snapshot.strings.join('\n');
}

/** Where each text was found, as `name: place`. */
export async function findSecrets(
  page: Page,
  secrets: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const places = {
    page: await page.content(),
    storage: await stored(page),
    memory: await remembered(page),
  };
  return Object.entries(places).flatMap(([place, held]) =>
    Object.entries(secrets)
      .filter(([, text]) => held.includes(text))
      .map(([name]) => `${name}: ${place}`),
  );
}
