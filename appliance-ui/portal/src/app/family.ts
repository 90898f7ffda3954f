/** The records of the whole family, for pages that are about no single child. */
import type { ChartView, Subject } from '@relaybox/lib/session/api';
import { useCharts, useSnapshot } from './store.ts';

export interface Family {
  readonly subjects: readonly Subject[];
  /** Of the open records, as far as they have come. */
  readonly views: readonly (ChartView | null)[];
  /** Every open record has come in full. */
  readonly ready: boolean;
}

export function useFamily(): Family {
  const now = useSnapshot();
  const subjects = now?.subjects ?? [];
  const open = subjects.filter((subject) => subject.access.is === 'open');
  const views = useCharts(open.map((subject) => subject.key));
  const whole = views.length === open.length && views.every((view) => view !== null && view.loading === null);
  const settled = now !== null && (subjects.length > 0 || now.connection.is !== 'connecting');
  return { subjects, views, ready: settled && whole };
}
