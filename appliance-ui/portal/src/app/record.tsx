/**
 * What every page of one record shares: whose it is, whether it may be shown at all, loading, and the heading.
 * A page gets a whole `ChartView` or is not drawn; it never sees another child's.
 */
import type { ChartView, Subject } from '@relaybox/lib/session/api';
import { IconChevronLeft, IconHourglass, IconUserOff } from '@tabler/icons-react';
import { Link, Outlet, useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { shellWords } from '../words/shell.ts';
import { known } from './family.ts';
import { Opening } from './opening.tsx';
import { useChart, useSnapshot } from './store.ts';
import { Switcher } from './switcher.tsx';
import { useTitle } from './title.ts';
import { useWhen } from './when.ts';

/** The record of the address `/r/:n`; null while subjects load, or when there is none of that number. */
export function useSubject(): Subject | null {
  const { n } = useParams({ strict: false });
  return useSnapshot()?.subjects.find((subject) => String(subject.n) === n) ?? null;
}

/** Layout of `/r/:n`: the switcher, then the page, remounted for each child so that nothing is carried over. */
export function RecordLayout() {
  const { n } = useParams({ strict: false });
  const subject = useSubject();
  // Held here so that going from page to page of one record does not open it anew.
  useChart(subject?.access.is === 'open' ? subject.key : null);
  return (
    <>
      <Switcher on={Number(n)} />
      <Outlet key={n} />
    </>
  );
}

function NoRecord() {
  const w = useWords(shellWords);
  const now = useSnapshot();
  if (now === null || !known(now)) return <Opening />;
  if (now.subjects.length === 0)
    return (
      <Note tone="plain" icon={IconHourglass} title={w.noRecords}>
        {w.noRecordsSub}
      </Note>
    );
  return (
    <Note tone="plain" title={w.nothing} actions={<Link to="/">{w.toHome}</Link>}>
      {w.nothingSub}
    </Note>
  );
}

/** Why the record of somebody is not open; nothing where it is. */
export function Closed({ who }: { who: Subject }) {
  const w = useWords(shellWords);
  const when = useWhen();
  if (who.access.is === 'waits')
    return (
      <Note
        tone="plain"
        icon={IconHourglass}
        title={who.given ? w.waiting(who.given) : w.waitingNoName}
        role="status"
      >
        {w.waitingSub}
      </Note>
    );
  if (who.access.is === 'open') return null;
  const date = when.date(who.access.at);
  return (
    <Note
      tone="plain"
      icon={IconUserOff}
      title={who.given ? w.ended(who.given, date) : w.endedNoName(date)}
      role="alert"
    >
      {who.given ? w.endedSub(who.given) : w.endedSubNoName}
    </Note>
  );
}

/** Where the page draws its own heading in place of the one that had the focus, the focus goes with it. */
function useHeldHeading(replaced: boolean): { readonly onFocus: () => void } {
  const held = useRef(false);
  useEffect(() => {
    if (!replaced || !held.current || document.activeElement !== document.body) return;
    held.current = false;
    document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [replaced]);
  return {
    onFocus: () => {
      held.current = true;
    },
  };
}

export interface RecordPageProps {
  /** Of the window: "Growth". Never a name. */
  readonly title: string;
  /** The h1, which may hold the name: "Mateo’s growth". */
  readonly heading: string;
  /** At the end of the heading's row: a switch, a button. */
  readonly aside?: ReactNode;
  readonly back?: ReactNode;
  /** The page draws its own h1 once the record is here. */
  readonly hide?: boolean;
  readonly children: (view: ChartView) => ReactNode;
}

export function RecordPage({ title, heading, aside, back, hide, children }: RecordPageProps) {
  useTitle(title);
  const subject = useSubject();
  const view = useChart(subject?.access.is === 'open' ? subject.key : null);
  const ready = view !== null && view.loading === null;
  const { onFocus } = useHeldHeading(ready && hide === true);
  return (
    <>
      {back}
      {hide && ready ? null : subject ? (
        <div className="row between wrap pagehead">
          <h1 tabIndex={-1} onFocus={onFocus}>
            {heading}
          </h1>
          {aside && ready ? aside : null}
        </div>
      ) : (
        <h1 tabIndex={-1} className="sr">
          {title}
        </h1>
      )}
      {subject === null ? <NoRecord /> : <Closed who={subject} />}
      {subject?.access.is === 'open' && !ready ? <Opening records={view?.loading?.total ?? null} /> : null}
      {subject?.access.is === 'open' && view && ready ? children(view) : null}
    </>
  );
}

/** The way back to the page above: `<Back to={`/r/${n}/health`}>Health</Back>`. */
export function Back({ to, children }: { to: string; children: ReactNode }) {
  return (
    <Link className="back" to={to}>
      <IconChevronLeft size={20} aria-hidden />
      {children}
    </Link>
  );
}
