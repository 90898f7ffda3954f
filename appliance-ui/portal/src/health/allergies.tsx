/**
 * Allergies. Nothing recorded, none known, a list, and not loaded are four different displays; none of them is drawn
 * where another is meant.
 */
import { explain } from '@relaybox/lib/clinical/glossary';
import { type Allergy, type AllergyList, allergiesIn, type Reaction } from '@relaybox/lib/clinical/lists';
import { conceptText } from '@relaybox/lib/clinical/read';
import { dateText } from '@relaybox/lib/i18n/format';
import { at, listAt } from '@relaybox/lib/protocol/elements';
import type { ChartView } from '@relaybox/lib/session/api';
import { IconAlertTriangle, IconCheck, IconCloudDownload } from '@tabler/icons-react';
import { useMissing } from '../app/missing.ts';
import { Empty } from '../kit/empty.tsx';
import { useLang, useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { Tag } from '../kit/tag.tsx';
import { By, HealthPage, TwoVersions } from './parts.tsx';
import { Entry, Facts } from './row.tsx';
import { commonWords } from './words/common.ts';
import { allergyWords } from './words/lists.ts';

export function Allergies() {
  const w = useWords(allergyWords);
  return <HealthPage words={w}>{(view) => <AllergiesView view={view} />}</HealthPage>;
}

export function AllergiesView({ view }: { view: ChartView }) {
  const w = useWords(allergyWords);
  const c = useWords(commonWords);
  const list = allergiesIn(view.chart);
  return (
    <>
      <State view={view} list={list} />
      {list.clash ? (
        <Note tone="due" icon={IconAlertTriangle} title={w.clash}>
          {w.clashText}
        </Note>
      ) : null}
      <TwoVersions view={view} items={list.conflicts} say={(resource) => conceptText(at(resource, 'code'))} />
      <Part view={view} title={w.current} rows={list.current} />
      <Part view={view} title={w.added} rows={list.added} />
      <Part view={view} title={c.earlier} rows={list.earlier} />
    </>
  );
}

/** What is known as a whole, before any row. */
function State({ view, list }: { view: ChartView; list: AllergyList }) {
  const w = useWords(allergyWords);
  const missing = useMissing(view);
  if (!list.complete)
    return (
      <Note tone="due" icon={IconCloudDownload} title={w.notLoaded} role="status">
        {missing === null ? w.notLoadedText : `${missing} ${w.notLoadedText}`}
      </Note>
    );
  if (list.state.is === 'not-recorded')
    return (
      <Empty tone="due" icon={IconAlertTriangle} title={w.never}>
        {w.neverText}
      </Empty>
    );
  if (list.state.is !== 'none-known') return null;
  const { of } = list.state;
  return (
    <Empty tone="good" icon={IconCheck} title={of.map((sort) => w.noneOf[sort]).join('. ')}>
      <p>{w.noneText}</p>
      {list.none.map((row) => (
        <By key={row.id} view={view} id={row.by} on={row.recorded} />
      ))}
    </Empty>
  );
}

function Part({ view, title, rows }: { view: ChartView; title: string; rows: readonly Allergy[] }) {
  if (rows.length === 0) return null;
  return (
    <Panel title={title} flush>
      <ul className="lines topline">
        {rows.map((row) => (
          <AllergyRow key={row.item.id} view={view} row={row} />
        ))}
      </ul>
    </Panel>
  );
}

function AllergyRow({ view, row }: { view: ChartView; row: Allergy }) {
  const w = useWords(allergyWords);
  const lang = useLang();
  const reactions = useReactions(row);
  return (
    <Entry view={view} row={row} tags={<Tags row={row} />} on={row.recorded}>
      <Facts
        rows={[
          [w.happened, reactions === '' ? w.noReaction : reactions],
          [w.onset, row.onset ? dateText(lang, row.onset) : null],
        ]}
      />
    </Entry>
  );
}

function Tags({ row }: { row: Allergy }) {
  const w = useWords(allergyWords);
  if (row.now === 'ruled-out') return <Tag tone="plain">{w.ruledOut}</Tag>;
  if (row.now === 'past') return <Tag tone="plain">{w.past}</Tag>;
  return (
    <span className="row wrap">
      {row.criticality === 'high' ? <Tag tone="stop">{w.dangerous}</Tag> : null}
      {row.unconfirmed ? <Tag tone="plain">{w.unconfirmed}</Tag> : null}
    </span>
  );
}

/** What happened, in our words where the code is known. */
function useReactions(row: Allergy): string {
  const w = useWords(allergyWords);
  const lang = useLang();
  const resource = row.item.versions.find((version) => version.record.id === row.id)?.record.resource;
  const severities: { readonly [name: string]: string } = w.severity;
  const said = (reaction: Reaction, n: number): string => {
    const codes = listAt(listAt(resource, 'reaction')[n], 'manifestation').map(
      (one) => explain(lang, one)?.term,
    );
    const what = reaction.what.map((text, place) => codes[place] ?? text).join(', ');
    const severity = reaction.severity === null ? undefined : severities[reaction.severity];
    return severity === undefined || what === '' ? what : w.withSeverity(what, severity);
  };
  return row.reactions
    .map(said)
    .filter((text) => text !== '')
    .join('; ');
}
