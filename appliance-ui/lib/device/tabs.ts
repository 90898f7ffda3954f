/**
 * Several tabs of one browser (Web Locks, BroadcastChannel): one of them keeps and writes, the others read. When the
 * first one closes, the next takes its place. A tab that forgets the device tells the others.
 */

export interface TabTurn {
  /** Whether this tab is the one that keeps. */
  readonly mine: boolean;
  release(): void;
}

interface Locks {
  request(name: string, options: { signal: AbortSignal }, run: () => Promise<void>): Promise<unknown>;
}

/**
 * Queues for the turn of one person (`name` says nothing of who it is). `changed` is called when it comes. Where the
 * browser has no locks, every tab has its turn: then the storage's own transactions keep order.
 */
export function queueTurn(
  name: string,
  changed: () => void,
  locks: Locks | undefined = globalThis.navigator?.locks as unknown as Locks | undefined,
): TabTurn {
  if (!locks) return { mine: true, release: () => {} };
  let mine = false;
  let over = () => {};
  const ended = new Promise<void>((resolve) => {
    over = resolve;
  });
  const stop = new AbortController();
  locks
    .request(`relaybox ${name}`, { signal: stop.signal }, async () => {
      mine = true;
      changed();
      await ended;
    })
    .catch(() => {});
  return {
    get mine() {
      return mine;
    },
    release: () => {
      stop.abort();
      over();
    },
  };
}

const CHANNEL = 'relaybox';

/** Tells the other tabs that this device was forgotten. */
export function tellForgotten(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage('forgotten');
  channel.close();
}

/** Calls when another tab has made this device forget. */
export function hearForgotten(forgotten: () => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }) => {
    if (data === 'forgotten') forgotten();
  };
  return () => channel.close();
}
