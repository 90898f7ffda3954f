/** The records of the whole family, for pages that are about no single child. */
import type { ChartView, Snapshot, Subject } from '@relaybox/lib/session/api';
import { useCharts, useSnapshot } from './store.ts';

export interface Family {
  readonly subjects: readonly Subject[];
  /** Of the open records, as far as they have come. */
  readonly views: readonly (ChartView | null)[];
  /** Everybody, when no record is open any more or yet: why, is to be said. */
  readonly closed: readonly Subject[];
  /** Nothing is on its way any more. */
  readonly ready: boolean;
  /** Something may be missing in one of the records: nothing may be called none. */
  readonly unsure: boolean;
  /** The same of visits, which stand in the office part alone. */
  readonly visitsUnsure: boolean;
}

/** Whether it is known whose records this key opens: the box has said so, now or before, without a gap. */
export const known = (now: Snapshot | null): boolean =>
  now !== null &&
  (now.subjects.length > 0 || (now.connection.is === 'open' && now.heard !== null && now.policyWhole));

export function useFamily(): Family {
  const now = useSnapshot();
  const subjects = now?.subjects ?? [];
  const open = subjects.filter((subject) => subject.access.is === 'open');
  const views = useCharts(open.map((subject) => subject.key));
  const whole = views.length === open.length && views.every((view) => view !== null && view.loading === null);
  const unsure = views.some((view) => view?.chart.coverage !== 'complete');
  const visitsUnsure = views.some((view) => view?.completeness.officeWhole !== true);
  const closed = open.length === 0 ? subjects : [];
  return { subjects, views, closed, ready: known(now) && whole, unsure, visitsUnsure };
}
