/** Opens a session in a worker of its own. Pages start here. */
import type { PracticeAddress, Session } from './api.ts';
import type { Key, ToPage, ToWorker } from './messages.ts';
import { SessionProxy } from './proxy.ts';
import type { Signer } from './signer.ts';

/** With a signer that keeps its key to itself: a browser extension (NIP-07) or a signer far away (NIP-46). */
export function openWithSigner(signer: Signer, address: PracticeAddress): Promise<Session> {
  return openIn(startWorker(signer), { is: 'outside', publicKey: signer.publicKey }, address);
}

/** Opens the session in a worker that has none yet; the worker ends when it does not open. */
export async function openIn(
  proxy: SessionProxy,
  key: Key,
  address: PracticeAddress | null,
): Promise<Session> {
  try {
    await proxy.open(key, address);
  } catch (error) {
    proxy.lock();
    throw error;
  }
  return proxy;
}

/** A worker in which no session is open yet. `lock` ends it. */
export function startWorker(signer: Signer | null = null): SessionProxy {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const poke = () => proxy.poke(navigator.onLine);
  const seen = () => {
    if (document.visibilityState === 'visible') poke();
  };
  const proxy = new SessionProxy(
    {
      post: (message: ToWorker, give) => worker.postMessage(message, [...(give ?? [])]),
      listen: (take) => worker.addEventListener('message', ({ data }) => take(data as ToPage)),
    },
    () => {
      worker.terminate();
      removeEventListener('online', poke);
      removeEventListener('offline', poke);
      document.removeEventListener('visibilitychange', seen);
    },
    signer,
  );
  worker.addEventListener('error', () => proxy.lock());
  addEventListener('online', poke);
  addEventListener('offline', poke);
  document.addEventListener('visibilitychange', seen);
  return proxy;
}
