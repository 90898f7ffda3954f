/** Health problems: current first, what is over or ruled out under "Earlier". */
import { type Problem, problemsIn } from '@relaybox/lib/clinical/lists';
import { conceptText } from '@relaybox/lib/clinical/read';
import { dateText } from '@relaybox/lib/i18n/format';
import { at } from '@relaybox/lib/protocol/elements';
import type { ChartView } from '@relaybox/lib/session/api';
import type { ReactNode } from 'react';
import { PartialNote } from '../app/completeness.tsx';
import { lacksNothing } from '../app/missing.ts';
import { Empty } from '../kit/empty.tsx';
import { useLang, useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { Tag } from '../kit/tag.tsx';
import { useFew } from './few.tsx';
import { HealthPage, TwoVersions } from './parts.tsx';
import { Entry, Facts } from './row.tsx';
import { commonWords } from './words/common.ts';
import { problemWords } from './words/lists.ts';

/** Earlier problems shown at first. */
const few = 10;

export function Problems() {
  const w = useWords(problemWords);
  return <HealthPage words={w}>{(view) => <ProblemsView view={view} />}</HealthPage>;
}

export function ProblemsView({ view }: { view: ChartView }) {
  const w = useWords(problemWords);
  const c = useWords(commonWords);
  const { current, past, conflicts } = problemsIn(view.chart);
  const earlier = useFew(past, few, (row) => row.end ?? row.onset);
  const none = current.length === 0 && conflicts.length === 0;
  const part = (title: string, rows: readonly Problem[], more: ReactNode = null) =>
    rows.length > 0 ? (
      <Panel title={title} flush>
        <ul className="lines topline">
          {rows.map((row) => (
            <ProblemRow key={row.item.id} view={view} row={row} />
          ))}
        </ul>
        {more ? <div className="pad">{more}</div> : null}
      </Panel>
    ) : null;
  return (
    <>
      <PartialNote view={view} />
      {none && lacksNothing(view) ? <Empty title={w.empty}>{w.emptyText}</Empty> : null}
      {part(w.current, current)}
      <TwoVersions view={view} items={conflicts} say={(resource) => conceptText(at(resource, 'code'))} />
      {part(c.earlier, earlier.shown, earlier.more)}
    </>
  );
}

function ProblemRow({ view, row }: { view: ChartView; row: Problem }) {
  const w = useWords(problemWords);
  const lang = useLang();
  const date = (value: Problem['onset']) => (value ? dateText(lang, value) : null);
  return (
    <Entry view={view} row={row} tags={<Tags row={row} />} on={row.recorded}>
      <Facts
        rows={[
          [w.onset, date(row.onset)],
          [w.end, date(row.end)],
          [w.severity, row.severity],
          [w.code, row.code],
        ]}
      />
    </Entry>
  );
}

function Tags({ row }: { row: Problem }) {
  const w = useWords(problemWords);
  const c = useWords(commonWords);
  if (row.now === 'ruled-out') return <Tag tone="plain">{w.ruledOut}</Tag>;
  if (row.now === 'past') return <Tag tone="plain">{w.past}</Tag>;
  if (row.now === 'not-said') return <Tag tone="due">{c.notSaid}</Tag>;
  return row.uncertain ? <Tag tone="plain">{w.uncertain}</Tag> : null;
}
