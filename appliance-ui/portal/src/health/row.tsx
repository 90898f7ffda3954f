/** A row of a list: its name in people's words, what the record calls it, and who said so. */

import type { FhirDate } from '@relaybox/lib/clinical/dates';
import { explain } from '@relaybox/lib/clinical/glossary';
import type { Row } from '@relaybox/lib/clinical/lists';
import { at } from '@relaybox/lib/protocol/elements';
import type { ChartView } from '@relaybox/lib/session/api';
import type { ReactNode } from 'react';
import { useLang, useWords } from '../kit/lang.tsx';
import { Tag } from '../kit/tag.tsx';
import { recordWords } from '../words/record.ts';
import { By, Private, useSignerName, Words } from './parts.tsx';
import { commonWords } from './words/common.ts';

const resourceOf = (row: Row): unknown =>
  row.item.versions.find((version) => version.record.id === row.id)?.record.resource;

export interface EntryProps {
  readonly view: ChartView;
  readonly row: Row;
  /** Tags beside the name. */
  readonly tags?: ReactNode;
  /** When it was written down. */
  readonly on?: FhirDate | null;
  readonly children?: ReactNode;
}

/** Our words where the code is known, with the recorded ones below; else the recorded ones. */
export function Entry({ view, row, tags, on, children }: EntryProps) {
  const c = useWords(commonWords);
  const lang = useLang();
  const word = explain(lang, at(resourceOf(row), 'code'));
  const name = word?.term ?? row.name ?? c.noName;
  const other = word && row.name !== null && row.name.toLowerCase() !== word.term.toLowerCase();
  return (
    <li className="entry">
      <div className="row wrap base between">
        <h3>{name}</h3>
        {tags}
      </div>
      {other ? <p className="recorded">{c.recordSays(row.name ?? '')}</p> : null}
      {word?.plain ? <p className="small ink2">{word.plain}</p> : null}
      <Private compartment={row.compartment} />
      {children}
      <Words texts={row.notes} />
      <div className="row wrap">
        <By view={view} id={row.by} on={on ?? null} />
        <Outside view={view} row={row} />
      </div>
    </li>
  );
}

/** From outside, until the clinic accepts it. */
function Outside({ view, row }: { view: ChartView; row: Row }) {
  const r = useWords(recordWords);
  const nameOf = useSignerName();
  const checked = view.checked.get(row.id);
  if (!row.outside || !checked || checked.marks.outside) return null;
  return <Tag tone="due">{r.outside(nameOf(checked.signer))}</Tag>;
}

/** Label and text in two columns; rows without text are left out. */
export function Facts({ rows }: { rows: readonly (readonly [label: string, text: string | null])[] }) {
  const filled = rows.filter(([, text]) => text !== null && text !== '');
  if (filled.length === 0) return null;
  return (
    <dl className="kv">
      {filled.map(([label, text]) => (
        <div className="fact" key={label}>
          <dt>{label}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
