/** The visits of one record, newest first, with what was added to each later. */
import { Button } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { CompletenessLine, PartialNote } from '../app/completeness.tsx';
import { lacksNothing } from '../app/missing.ts';
import { RecordPage, useSubject } from '../app/record.tsx';
import { useSignerName } from '../app/signer.tsx';
import { type VisitRow, visitRows } from '../app/visits.ts';
import { useWhen } from '../app/when.ts';
import { Chev } from '../kit/chev.tsx';
import { Empty } from '../kit/empty.tsx';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { Sealed } from '../kit/seal.tsx';
import { Tag } from '../kit/tag.tsx';
import { recordWords } from '../words/record.ts';
import { shellWords } from '../words/shell.ts';

const page = 20;

export function VisitLine({ row, n }: { row: VisitRow; n: string }) {
  const w = useWords(recordWords);
  const when = useWhen();
  const name = useSignerName();
  const { checked, encounter, note } = row;
  return (
    <Link className="li" to="/r/$n/visits/$m" params={{ n, m: String(checked.m) }}>
      <span className="grow">
        <span className="cap">{when.day(row.at)}</span>
        <span className="ti block">{note.title ?? w.visit}</span>
        <Sealed>{name(checked.signer)}</Sealed>
        <span className="row wrap tagline">
          {encounter.item.conflict ? <Tag tone="due">{w.conflict}</Tag> : null}
          {checked.marks.copiesDiffer ? <Tag tone="stop">{w.copiesDiffer}</Tag> : null}
          {encounter.item.state === 'cancelled' ? <Tag tone="plain">{w.cancelled}</Tag> : null}
          {encounter.addenda.length > 0 ? (
            <Tag tone="plain" icon={null}>
              {w.addendum}: {encounter.addenda.length}
            </Tag>
          ) : null}
        </span>
      </span>
      <Chev />
    </Link>
  );
}

function List({ rows, n }: { rows: readonly VisitRow[]; n: string }) {
  const w = useWords(recordWords);
  const when = useWhen();
  const [shown, setShown] = useState(page);
  const last = rows[Math.min(shown, rows.length) - 1];
  return (
    <>
      <Panel flush>
        <div className="lines">
          {rows.slice(0, shown).map((row) => (
            <VisitLine key={row.checked.id} row={row} n={n} />
          ))}
        </div>
      </Panel>
      {last && shown < rows.length ? (
        <div className="row wrap">
          <Button variant="default" onClick={() => setShown(shown + page)}>
            {w.older(when.day(last.at))}
          </Button>
        </div>
      ) : null}
    </>
  );
}

export function Visits() {
  const w = useWords(recordWords);
  const shell = useWords(shellWords);
  const { n = '1' } = useParams({ strict: false });
  const who = useSubject()?.given ?? shell.noName;
  return (
    <RecordPage title={w.visits} heading={w.visitsOf(who)}>
      {(view) => {
        const rows = visitRows(view);
        return (
          <>
            <PartialNote view={view} />
            {rows.length > 0 ? <List rows={rows} n={n} /> : null}
            {rows.length === 0 && lacksNothing(view) ? (
              <Empty title={w.noVisits}>{w.noVisitsSub}</Empty>
            ) : null}
            <CompletenessLine view={view} n={n} />
          </>
        );
      }}
    </RecordPage>
  );
}
