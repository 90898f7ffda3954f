/** Titles name the page and the clinic, never a person: they stay in histories, task lists and screen shares. */
import { useEffect } from 'react';
import { useSnapshot } from './store.ts';

export function useTitle(page: string): void {
  const clinic = useSnapshot()?.practiceName ?? 'Relaybox';
  useEffect(() => {
    document.title = `${page} · ${clinic}`;
  }, [page, clinic]);
}
