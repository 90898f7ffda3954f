/** Titles name the page and the clinic, never a person: they stay in histories, task lists and screen shares. */
import { useEffect } from 'react';
import { useSnapshot } from './store.ts';

export function useTitleText(page: string, clinic: string | null): void {
  useEffect(() => {
    document.title = `${page} · ${clinic ?? 'Relaybox'}`;
  }, [page, clinic]);
}

export const useTitle = (page: string): void => useTitleText(page, useSnapshot()?.practiceName ?? null);
