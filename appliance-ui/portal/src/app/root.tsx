/** Around every page: language, scheme, size of letters, and where the focus goes when the page changes. */
import { MantineProvider } from '@mantine/core';
import { hearForgotten } from '@relaybox/lib/device/tabs';
import { watchLock } from '@relaybox/lib/device/watch-lock';
import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect, useMemo, useRef } from 'react';
import { LangContext } from '../kit/lang.tsx';
import { resolver, theme } from '../kit/tokens.ts';
import { isYoung } from './people.ts';
import { setPrefs, usePrefs } from './prefs.ts';
import { closeSession, useSession, useSnapshot } from './store.ts';

/** After a change of page the heading has the focus, so that a reader hears it and Tab goes on from there. */
function useFocusHeading(): void {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const before = useRef<string | undefined>(undefined);
  useEffect(() => {
    const fresh = before.current === undefined;
    before.current = path;
    if (fresh || path === undefined) return;
    const heading = document.querySelector<HTMLElement>('h1');
    heading?.focus({ preventScroll: true });
  }, [path]);
}

/** Whoever is signed out, by whatever cause, stands at the door. */
function useDoor(): void {
  const session = useSession();
  const navigate = useNavigate();
  const had = useRef(false);
  useEffect(() => {
    if (session) had.current = true;
    else if (had.current) {
      had.current = false;
      void navigate({ to: '/in', replace: true });
    }
  }, [session, navigate]);
}

/** Locks after quiet minutes and out of sight, and when another tab has made this device forget. */
function useAutoLock(): void {
  const session = useSession();
  useEffect(() => {
    if (!session) return;
    const { stop } = watchLock(closeSession);
    const deaf = hearForgotten(() => closeSession('forgotten'));
    return () => {
      stop();
      deaf();
    };
  }, [session]);
}

/** Language and look, for pages and for what stands where a page failed. */
export function Providers({ children }: { children: ReactNode }) {
  const { lang, scheme, text } = usePrefs();
  useEffect(() => {
    const page = document.documentElement;
    page.lang = lang;
    page.dataset.face = 'portal';
    page.style.fontSize = text === 100 ? '' : `${text}%`;
  }, [lang, text]);
  const young = useSnapshot()?.subjects.some((who) => isYoung(who, Date.now() / 1_000)) ?? false;
  const context = useMemo(
    () => ({ lang, young, setLang: (to: typeof lang) => setPrefs({ lang: to }) }),
    [lang, young],
  );
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={resolver}
      defaultColorScheme="auto"
      {...(scheme === 'auto' ? {} : { forceColorScheme: scheme })}
    >
      <LangContext.Provider value={context}>{children}</LangContext.Provider>
    </MantineProvider>
  );
}

export function Root() {
  useFocusHeading();
  useDoor();
  useAutoLock();
  return <Outlet />;
}
