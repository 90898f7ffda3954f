/** Documents: listed with what is known of them. Opening one belongs to the files, which are not here yet. */
import { type DocumentRow, documentsIn } from '@relaybox/lib/clinical/lists';
import { conceptText } from '@relaybox/lib/clinical/read';
import type { Lang } from '@relaybox/lib/i18n/dict';
import { dateText, numberText } from '@relaybox/lib/i18n/format';
import { at } from '@relaybox/lib/protocol/elements';
import type { ChartView } from '@relaybox/lib/session/api';
import { IconFileText } from '@tabler/icons-react';
import { PartialNote } from '../app/completeness.tsx';
import { lacksNothing } from '../app/missing.ts';
import { Empty } from '../kit/empty.tsx';
import { useLang, useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { useFew } from './few.tsx';
import { By, HealthPage, Private, TwoVersions } from './parts.tsx';
import { commonWords } from './words/common.ts';
import { documentWords } from './words/lists.ts';

/** Documents shown at first. */
const few = 20;

export function Documents() {
  const w = useWords(documentWords);
  return <HealthPage words={w}>{(view) => <DocumentsView view={view} />}</HealthPage>;
}

const sizeText = (lang: Lang, bytes: number): string => {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000
    ? `${numberText(lang, bytes / 1000)} kB`
    : `${numberText(lang, bytes / 1_000_000, 1)} MB`;
};

export function DocumentsView({ view }: { view: ChartView }) {
  const w = useWords(documentWords);
  const { rows, conflicts } = documentsIn(view.chart);
  const { shown, more } = useFew(rows, few, (row) => row.on);
  return (
    <>
      <PartialNote view={view} />
      {rows.length === 0 && lacksNothing(view) ? <Empty title={w.empty}>{w.emptyText}</Empty> : null}
      {rows.length > 0 ? (
        <Panel flush>
          <ul className="lines">
            {shown.map((row) => (
              <Row key={row.item.id} view={view} row={row} />
            ))}
          </ul>
          {more ? <div className="pad">{more}</div> : null}
        </Panel>
      ) : null}
      <TwoVersions view={view} items={conflicts} say={(resource) => conceptText(at(resource, 'type'))} />
    </>
  );
}

function Row({ view, row }: { view: ChartView; row: DocumentRow }) {
  const w = useWords(documentWords);
  const c = useWords(commonWords);
  const lang = useLang();
  const parts = [
    row.sort === row.name ? null : row.sort,
    row.on ? dateText(lang, row.on) : c.noDate,
    row.size === null ? null : sizeText(lang, row.size),
  ].filter((part) => part !== null);
  return (
    <li className="entry">
      <div className="row top">
        <IconFileText size={22} stroke={1.6} className="mk-plain" aria-hidden />
        <div className="grow stack xs">
          <h3>{row.name ?? c.noName}</h3>
          <p className="small ink2">{parts.join(' · ')}</p>
          {row.from ? <p className="small ink2">{w.from(row.from)}</p> : null}
          <Private compartment={row.compartment} />
          <p className="cap">{w.opening}</p>
          <By view={view} id={row.by} on={row.recorded} />
        </div>
      </div>
    </li>
  );
}
