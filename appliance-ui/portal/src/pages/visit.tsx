/** One visit: the note as its writer left it, what was added later, and what was corrected. */

import { visitNote } from '@relaybox/lib/fhir/note';
import type { Item, Version } from '@relaybox/lib/protocol/fold';
import { contentVersion, headVersions } from '@relaybox/lib/protocol/fold';
import type { ChartView, Checked } from '@relaybox/lib/session/api';
import { Link, useParams } from '@tanstack/react-router';
import { Back, RecordPage } from '../app/record.tsx';
import { SignedBy } from '../app/signer.tsx';
import { type VisitRow, visitRows } from '../app/visits.ts';
import { useWhen } from '../app/when.ts';
import { Empty } from '../kit/empty.tsx';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Genuine } from '../kit/seal.tsx';
import { recordWords } from '../words/record.ts';

/** The words of one version, in the reading face. */
function Written({ version }: { version: Version }) {
  const w = useWords(recordWords);
  const note = visitNote(version.record.resource);
  return (
    <div className="stack">
      {note.sections.map((section, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the sections of one version never move.
        <div key={at} className="stack xs">
          {section.title ? <h3>{section.title}</h3> : null}
          {section.lines.map((line, n) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: nor do its lines.
            <p key={n} className="read">
              {line}
            </p>
          ))}
        </div>
      ))}
      {note.sections.length === 0 ? <p className="small ink2">{w.noNoteSub}</p> : null}
      {note.diagnoses.length > 0 ? (
        <div className="stack xs">
          <h3>{w.diagnoses}</h3>
          {note.diagnoses.map((diagnosis) => (
            <p key={diagnosis}>{diagnosis}</p>
          ))}
        </div>
      ) : null}
    </div>
  );
}

function Changed({ version, checked }: { version: Version; checked: Checked | undefined }) {
  const w = useWords(recordWords);
  const when = useWhen();
  if (version.marker === null) return null;
  const why = version.change?.text;
  return (
    <p className="small ink2">
      {w.corrected(when.day(checked?.received ?? version.record.createdAt))}
      {why ? `. ${w.correctedWhy(why)}` : ''}
    </p>
  );
}

function Addendum({ item, view }: { item: Item; view: ChartView }) {
  const w = useWords(recordWords);
  const when = useWhen();
  const version = contentVersion(item) ?? headVersions(item)[0];
  const checked = version ? view.checked.get(version.record.id) : undefined;
  if (!version || !checked) return null;
  return (
    <section className="letter">
      <div className="row between base">
        <h2 className="lettername">{w.addendum}</h2>
        <span className="cap">{when.day(checked.received ?? version.record.createdAt)}</span>
      </div>
      <Written version={version} />
      <SignedBy checked={checked} />
    </section>
  );
}

function Body({ row, view, n }: { row: VisitRow; view: ChartView; n: string }) {
  const w = useWords(recordWords);
  const { item, addenda } = row.encounter;
  const versions = item.conflict ? headVersions(item) : [contentVersion(item)];
  return (
    <section className="panel bleed" aria-label={w.visit}>
      {item.conflict ? (
        <div className="bd alone">
          <Note tone="due" title={w.conflict}>
            {w.conflictSub}
          </Note>
        </div>
      ) : null}
      {versions.map((version) => {
        const checked = version ? view.checked.get(version.record.id) : undefined;
        return version && checked ? (
          <div className="letter" key={version.record.id}>
            <Written version={version} />
            <Changed version={version} checked={checked} />
            <SignedBy checked={checked} />
          </div>
        ) : null;
      })}
      {addenda.map((addendum) => (
        <Addendum key={addendum.id} item={addendum} view={view} />
      ))}
      <p className="letter">
        <Link className="lnk" to="/r/$n/visits/$m/genuine" params={{ n, m: String(row.checked.m) }}>
          {w.isGenuine}
        </Link>
      </p>
    </section>
  );
}

export function Visit() {
  const w = useWords(recordWords);
  const when = useWhen();
  const { n = '1', m = '' } = useParams({ strict: false });
  return (
    <RecordPage title={w.visit} heading={w.visit} hide back={<Back to={`/r/${n}/visits`}>{w.visits}</Back>}>
      {(view) => {
        const row = visitRows(view).find((one) => String(one.checked.m) === m);
        if (!row)
          return (
            <>
              <h1 tabIndex={-1}>{w.visit}</h1>
              <Empty title={w.noSuch}>{w.noSuchSub}</Empty>
            </>
          );
        return (
          <>
            <div className="stack xs">
              <div className="row between">
                <p className="cap">{when.day(row.at)}</p>
                {row.checked.marks.former || row.checked.marks.copiesDiffer ? null : <Genuine />}
              </div>
              <h1 tabIndex={-1}>{row.note.title ?? w.visit}</h1>
            </div>
            <Body row={row} view={view} n={n} />
          </>
        );
      }}
    </RecordPage>
  );
}
