/**
 * From a way of sign-in to an open session: one at a time, with what went wrong as a code that a page can say.
 */
import { type Session, SessionError, type SessionErrorCode } from '@relaybox/lib/session/api';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { openSession } from '../app/store.ts';

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
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Failed>(null);
  const open = useCallback(
    (way: () => Promise<Session>, then?: '/in/keep') => {
      setBusy(true);
      setFailed(null);
      way().then(
        (session) => {
          openSession(session);
          void navigate({ to: then ?? '/', replace: true });
        },
        (error: unknown) => {
          setBusy(false);
          setFailed(codeOf(error));
        },
      );
    },
    [navigate],
  );
  return { busy, failed, open, clear: useCallback(() => setFailed(null), []) };
}
