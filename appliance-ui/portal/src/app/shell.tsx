/** The shell of every page behind sign-in: clinic, lock, language, five places, connection. */
import { ActionIcon } from '@mantine/core';
import {
  type Icon,
  IconCalendar,
  IconHeartbeat,
  IconHome,
  IconLock,
  IconMail,
  IconMenu2,
  IconShieldLock,
} from '@tabler/icons-react';
import { Link, Outlet, useParams, useRouterState } from '@tanstack/react-router';
import { useRef } from 'react';
import { LangSwitch, useWords } from '../kit/lang.tsx';
import { shellWords } from '../words/shell.ts';
import { Connection } from './connection.tsx';
import { NewVersion } from './new-version.tsx';
import { closeSession, useSnapshot } from './store.ts';

const places = ['home', 'health', 'messages', 'visits', 'more'] as const;
type Place = (typeof places)[number];
const icons: Readonly<Record<Place, Icon>> = {
  home: IconHome,
  health: IconHeartbeat,
  messages: IconMail,
  visits: IconCalendar,
  more: IconMenu2,
};

/** Which of the five places an address belongs to. */
export function placeOf(path: string): Place {
  if (/^\/messages/.test(path)) return 'messages';
  if (/^\/visits/.test(path) || /^\/r\/\d+\/visits/.test(path)) return 'visits';
  if (/^\/r\/\d+\/health/.test(path)) return 'health';
  return path === '/' || /^\/r\/\d+\/?$/.test(path) ? 'home' : 'more';
}

function Places({ className, size, n }: { className: string; size: number; n: string }) {
  const w = useWords(shellWords);
  const at = placeOf(useRouterState({ select: (state) => state.location.pathname }));
  const item = (place: Place) => {
    const Mark = icons[place];
    const inside = (
      <>
        <Mark size={size} stroke={1.75} aria-hidden />
        {w[place]}
      </>
    );
    const current = place === at ? ('page' as const) : undefined;
    const common = { 'aria-current': current, activeOptions: { exact: true, includeSearch: false } };
    if (place === 'home')
      return (
        <Link {...common} key={place} to="/r/$n" params={{ n }}>
          {inside}
        </Link>
      );
    if (place === 'health')
      return (
        <Link {...common} key={place} to="/r/$n/health" params={{ n }}>
          {inside}
        </Link>
      );
    return (
      <Link {...common} key={place} to={`/${place}`}>
        {inside}
      </Link>
    );
  };
  return (
    <nav className={className} aria-label={w.main}>
      {places.map(item)}
    </nav>
  );
}

export function Shell() {
  const w = useWords(shellWords);
  const now = useSnapshot();
  const { n } = useParams({ strict: false });
  // The places keep to the child whose record was open last.
  const last = useRef('1');
  if (n) last.current = n;
  const known = now?.subjects.some((s) => String(s.n) === last.current);
  const subject = known ? last.current : String(now?.subjects[0]?.n ?? 1);
  return (
    <div className="pshell">
      <a className="skip" href="#page">
        {w.skip}
      </a>
      <header className="ptop">
        <div className="grow">
          <p className="pn">{now?.practiceName ?? ' '}</p>
          <p className="cap row keyhere">
            <IconShieldLock size={14} aria-hidden />
            {now?.me.here === false ? w.keyElsewhere : w.keyHere}
          </p>
        </div>
        <ActionIcon aria-label={w.lock} onClick={() => closeSession('asked')}>
          <IconLock size={22} stroke={1.75} aria-hidden />
        </ActionIcon>
        <LangSwitch />
      </header>
      <Places className="pnav" size={22} n={subject} />
      <main className="pmain" id="page" tabIndex={-1}>
        <NewVersion />
        {now ? <Connection now={now} /> : null}
        <Outlet />
      </main>
      <Places className="pbar" size={24} n={subject} />
    </div>
  );
}
