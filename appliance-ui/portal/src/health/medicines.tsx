/** Medicines: current first, how to take them in the words of whoever wrote it. Nothing is computed from a dose. */
import { type Medicine, medicinesIn } from '@relaybox/lib/clinical/lists';
import { conceptText } from '@relaybox/lib/clinical/read';
import { dateText } from '@relaybox/lib/i18n/format';
import { at } from '@relaybox/lib/protocol/elements';
import type { ChartView } from '@relaybox/lib/session/api';
import { IconPlayerPause } from '@tabler/icons-react';
import { PartialNote } from '../app/completeness.tsx';
import { lacksNothing } from '../app/missing.ts';
import { Empty } from '../kit/empty.tsx';
import { useLang, useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { Tag } from '../kit/tag.tsx';
import { useFew } from './few.tsx';
import { HealthPage, TwoVersions, Words } from './parts.tsx';
import { Entry, Facts } from './row.tsx';
import { commonWords } from './words/common.ts';
import { medicineWords } from './words/lists.ts';

/** Earlier medicines shown at first. */
const few = 10;

export function Medicines() {
  const w = useWords(medicineWords);
  return <HealthPage words={w}>{(view) => <MedicinesView view={view} />}</HealthPage>;
}

export function MedicinesView({ view }: { view: ChartView }) {
  const w = useWords(medicineWords);
  const c = useWords(commonWords);
  const { current, past, conflicts } = medicinesIn(view.chart);
  const earlier = useFew(past, few, (row) => row.recorded);
  const none = current.length === 0 && conflicts.length === 0;
  return (
    <>
      <PartialNote view={view} />
      {none && lacksNothing(view) ? <Empty title={w.empty}>{w.emptyText}</Empty> : null}
      {current.length > 0 ? (
        <Panel title={w.current} flush>
          <ul className="lines topline">
            {current.map((row) => (
              <MedicineRow key={row.item.id} view={view} row={row} />
            ))}
          </ul>
        </Panel>
      ) : null}
      <TwoVersions
        view={view}
        items={conflicts}
        say={(resource) => conceptText(at(resource, 'medicationCodeableConcept'))}
      />
      {current.length > 0 ? <p className="cap">{w.asRecorded}</p> : null}
      {past.length > 0 ? (
        <Panel title={c.earlier} flush>
          <ul className="lines topline">
            {earlier.shown.map((row) => (
              <MedicineRow key={row.item.id} view={view} row={row} />
            ))}
          </ul>
          {earlier.more ? <div className="pad">{earlier.more}</div> : null}
        </Panel>
      ) : null}
    </>
  );
}

function MedicineRow({ view, row }: { view: ChartView; row: Medicine }) {
  const w = useWords(medicineWords);
  const lang = useLang();
  const date = (value: Medicine['since']) => (value ? dateText(lang, value) : null);
  return (
    <Entry view={view} row={row} tags={<Tags row={row} />} on={row.recorded}>
      {row.doses.length > 0 ? <Words texts={row.doses} /> : <p className="small ink2">{w.noDose}</p>}
      <Facts
        rows={[
          [w.why, row.reason],
          [w.since, date(row.since)],
          [w.until, date(row.until)],
        ]}
      />
    </Entry>
  );
}

function Tags({ row }: { row: Medicine }) {
  const w = useWords(medicineWords);
  const c = useWords(commonWords);
  const ends: { readonly [status: string]: string } = {
    completed: w.completed,
    stopped: w.stopped,
    cancelled: w.cancelled,
    revoked: w.cancelled,
  };
  if (row.now === 'past') return <Tag tone="plain">{ends[row.status ?? ''] ?? w.ended}</Tag>;
  if (row.now === 'not-said') return <Tag tone="due">{c.notSaid}</Tag>;
  return (
    <span className="row wrap">
      {row.status === 'on-hold' ? (
        <Tag tone="due" icon={IconPlayerPause}>
          {w.onHold}
        </Tag>
      ) : null}
      {row.prescribed ? (
        <Tag tone="plain" icon={null} bare>
          {w.prescribed}
        </Tag>
      ) : row.told ? (
        <Tag tone="plain" icon={null} bare>
          {w.told}
        </Tag>
      ) : null}
    </span>
  );
}
