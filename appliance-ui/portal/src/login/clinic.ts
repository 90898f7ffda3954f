/** Which clinic the person is about to enter: the one whose box serves this page, or another, by its access sheet. */
import type { PracticeAddress } from '@relaybox/lib/session/api';
import { useEffect, useSyncExternalStore } from 'react';
import { useTitleText } from '../app/title.ts';
import { ownPractice } from './ways.ts';

export interface Clinic {
  /** Of this page; null while unknown or when the box does not answer. */
  readonly here: PracticeAddress | null;
  /** The one to enter. */
  readonly chosen: PracticeAddress | null;
  /** The box has been asked. */
  readonly asked: boolean;
}

let now: Clinic = { here: null, chosen: null, asked: false };
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
  asking ??= ownPractice().then((here) => {
    if (here === null) asking = null;
    set({ here, chosen: now.chosen ?? here, asked: true });
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
