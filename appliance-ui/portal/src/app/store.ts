/**
 * The session as React sees it: whole snapshots, kept outside React and read through `useSyncExternalStore`. The
 * session merges nothing and neither do pages.
 *
 * A chart is watched while a page shows it, and forgotten when the last page of it closes: what was read of one
 * child is not in memory while another's page stands, and nothing is left when the session ends.
 */
import type { ChartView, Session, Snapshot } from '@relaybox/lib/session/api';
import { useCallback, useRef, useSyncExternalStore } from 'react';

/** Why nobody is signed in: shown on the sign-in page. */
export type Closed = 'never' | 'asked' | 'idle' | 'hidden' | 'forgotten';

interface Open {
  readonly session: Session;
  readonly stop: () => void;
  snapshot: Snapshot | null;
  readonly charts: Map<string, Watched>;
}
interface Watched {
  view: ChartView | null;
  readonly tell: Set<() => void>;
  readonly stop: () => void;
}

let open: Open | null = null;
let closed: Closed = 'never';
const listeners = new Set<() => void>();
const tellAll = () => {
  for (const tell of listeners) tell();
};
const subscribe = (tell: () => void) => {
  listeners.add(tell);
  return () => listeners.delete(tell);
};

export const currentSession = (): Session | null => open?.session ?? null;
export const whyClosed = (): Closed => closed;

/** From here on pages show this session. */
export function openSession(session: Session): void {
  closeSession('asked');
  const mine: Open = { session, snapshot: null, charts: new Map(), stop: () => stop() };
  open = mine;
  const stop = session.watch((snapshot) => {
    mine.snapshot = snapshot;
    if (open === mine) tellAll();
  });
  tellAll();
}

/** Where somebody was when it locked; in memory only, and for the same key only. */
let resume: { readonly key: string; readonly path: string } | null = null;

/** The address to go back to, once. Whoever opens with another key starts at the first page. */
export function takeResume(key: string): string | null {
  const was = resume;
  resume = null;
  return was?.key === key ? was.path : null;
}

/** Drops keys and everything that was opened. Does nothing when nobody is signed in. */
export function closeSession(why: Closed): void {
  if (!open) return;
  const ending = open;
  const key = ending.snapshot?.me.key;
  const path = globalThis.location?.pathname;
  resume = key && path && why !== 'forgotten' ? { key, path } : null;
  open = null;
  closed = why;
  ending.stop();
  for (const watched of ending.charts.values()) watched.stop();
  ending.charts.clear();
  ending.session.lock();
  tellAll();
}

export const useSession = (): Session | null => useSyncExternalStore(subscribe, currentSession);
export const useSnapshot = (): Snapshot | null =>
  useSyncExternalStore(subscribe, () => open?.snapshot ?? null);

function watch(key: string, tell: () => void): () => void {
  const at = open;
  if (!at) return () => {};
  let watched = at.charts.get(key);
  if (!watched) {
    const fresh: Watched = { view: null, tell: new Set(), stop: () => stop() };
    at.charts.set(key, fresh);
    const stop = at.session.watchChart(key, (view) => {
      fresh.view = view;
      for (const each of fresh.tell) each();
    });
    watched = fresh;
  }
  const mine = watched;
  mine.tell.add(tell);
  return () => {
    mine.tell.delete(tell);
    if (mine.tell.size > 0) return;
    mine.stop();
    at.charts.delete(key);
  };
}

/** One patient's record, by T; null until the session has told of it. */
export function useChart(key: string | null): ChartView | null {
  const see = useCallback((tell: () => void) => (key === null ? () => {} : watch(key, tell)), [key]);
  return useSyncExternalStore(see, () => (key === null ? null : (open?.charts.get(key)?.view ?? null)));
}

/** The records of several patients, in the order of `keys`; for pages that list what is new for the whole family. */
export function useCharts(keys: readonly string[]): readonly (ChartView | null)[] {
  const joined = keys.join(' ');
  const see = useCallback(
    (tell: () => void) => {
      const stops = joined === '' ? [] : joined.split(' ').map((key) => watch(key, tell));
      return () => {
        for (const stop of stops) stop();
      };
    },
    [joined],
  );
  const last = useRef<readonly (ChartView | null)[]>([]);
  return useSyncExternalStore(see, () => {
    const views = keys.map((key) => open?.charts.get(key)?.view ?? null);
    const same = views.length === last.current.length && views.every((view, at) => view === last.current[at]);
    if (!same) last.current = views;
    return last.current;
  });
}
