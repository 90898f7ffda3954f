/** Which clinic the person is about to enter: the one whose box serves this page, or another, by its access sheet. */
import type { PracticeAddress } from '@relaybox/lib/session/api';
import { useEffect, useSyncExternalStore } from 'react';
import { useTitleText } from '../app/title.ts';
import { type OwnPractice, ownPractice } from './ways.ts';

export interface Clinic {
  /** Of this page; null while unknown, or when there is none to be had. */
  readonly here: PracticeAddress | null;
  /** The one to enter. */
  readonly chosen: PracticeAddress | null;
  /** What the box of this page has answered. */
  readonly box: OwnPractice['is'] | 'asking';
}

let now: Clinic = { here: null, chosen: null, box: 'asking' };
const listeners = new Set<() => void>();
const set = (next: Clinic) => {
  now = next;
  for (const tell of listeners) tell();
};
const subscribe = (tell: () => void) => {
  listeners.add(tell);
  return () => listeners.delete(tell);
};

let asking: Promise<void> | null = null;
const ask = (): Promise<void> => {
  asking ??= ownPractice().then((own) => {
    const here = own.is === 'practice' ? own.address : null;
    // Asked again by the next page: a box may be set up, or come back.
    if (here === null) asking = null;
    set({ here, chosen: now.chosen ?? here, box: own.is });
  });
  return asking;
};

export const chooseClinic = (chosen: PracticeAddress): void => set({ ...now, chosen });

export function useClinic(): Clinic {
  useEffect(() => {
    void ask();
  }, []);
  return useSyncExternalStore(subscribe, () => now);
}

/** Title of a page before sign-in. */
export function useLoginTitle(page: string): void {
  useTitleText(page, useClinic().here?.name ?? null);
}
