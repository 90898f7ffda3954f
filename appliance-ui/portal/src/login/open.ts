/**
 * From a way of sign-in to an open session: one at a time, with what went wrong as a code that a page can say.
 * Where the person was before a lock is remembered in memory, for the same key only.
 */
import { type Session, SessionError, type SessionErrorCode } from '@relaybox/lib/session/api';
import { useRouter } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { openSession, takeResume } from '../app/store.ts';

export type Failed = SessionErrorCode | null;

export interface Opening {
  readonly busy: boolean;
  readonly failed: Failed;
  readonly open: (way: () => Promise<Session>, then?: '/in/keep') => void;
  readonly clear: () => void;
}

export const codeOf = (error: unknown): SessionErrorCode =>
  error instanceof SessionError ? error.code : 'internal';

export function useOpening(): Opening {
  const router = useRouter();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Failed>(null);
  const open = useCallback(
    (way: () => Promise<Session>, then?: '/in/keep') => {
      setBusy(true);
      setFailed(null);
      way().then(
        (session) => {
          openSession(session);
          router.history.replace(then ?? takeResume() ?? '/');
        },
        (error: unknown) => {
          setBusy(false);
          setFailed(codeOf(error));
        },
      );
    },
    [router],
  );
  return { busy, failed, open, clear: useCallback(() => setFailed(null), []) };
}
