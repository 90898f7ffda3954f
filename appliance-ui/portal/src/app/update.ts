/** Registers the service worker, and says when a new version waits. Taking it is the person's choice. */
import { useSyncExternalStore } from 'react';

let waiting: ServiceWorker | null = null;
const listeners = new Set<() => void>();
const set = (worker: ServiceWorker | null) => {
  waiting = worker;
  for (const tell of listeners) tell();
};

function watch(registration: ServiceWorkerRegistration): void {
  // Without a controller this is the first visit: there is no older version to replace.
  const look = () => set(navigator.serviceWorker.controller ? registration.waiting : null);
  look();
  registration.addEventListener('updatefound', () => {
    registration.installing?.addEventListener('statechange', look);
  });
}

export async function registerWorker(): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  try {
    watch(await navigator.serviceWorker.register('/sw.js'));
  } catch {
    // No service worker here: the portal works with a connection only, and nothing else is lost.
  }
}

export function takeUpdate(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting?.postMessage('skip');
}

const subscribe = (tell: () => void) => {
  listeners.add(tell);
  return () => listeners.delete(tell);
};
export const useUpdate = (): boolean => useSyncExternalStore(subscribe, () => waiting !== null);
