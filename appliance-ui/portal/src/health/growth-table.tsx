/** The table twin: the same numbers as the drawing, newest first. */
import type { Measure } from '@relaybox/lib/clinical/growth';
import type { GrowthPoint } from '@relaybox/lib/clinical/growth-path';
import { percentileCell, placeOf } from '@relaybox/lib/clinical/growth-words';
import { dayText } from '@relaybox/lib/i18n/format';
import { IconTable } from '@tabler/icons-react';
import { useState } from 'react';
import { useUnits } from '../app/prefs.ts';
import { useLang, useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { lengthText, measureText } from './units.ts';
import { commonWords } from './words/common.ts';
import { growthWords } from './words/growth.ts';

/** Rows before "All n measurements". */
const few = 5;

function Cell({ point }: { point: GrowthPoint }) {
  const w = useWords(growthWords);
  const place = point.score ? placeOf(point.score.percentile) : null;
  if (place) return <td className="r b">{percentileCell(place)}</td>;
  return (
    <td className="r none">
      <span aria-hidden>–</span>
      {point.unscored ? <span className="cap"> {w.whyNone[point.unscored]}</span> : null}
    </td>
  );
}

interface GrowthTableProps {
  readonly measure: Measure;
  readonly points: readonly GrowthPoint[];
  readonly name: string;
}

export function GrowthTable({ measure, points, name }: GrowthTableProps) {
  const w = useWords(growthWords);
  const c = useWords(commonWords);
  const lang = useLang();
  const units = useUnits();
  const [all, setAll] = useState(false);
  const newest = [...points].reverse();
  const shown = all ? newest : newest.slice(0, few);
  return (
    <Panel
      title={
        <span className="row">
          <IconTable size={18} aria-hidden />
          {w.table}
        </span>
      }
    >
      <table className="small num tabletwin">
        <thead>
          <tr className="ink3">
            <th scope="col">{c.date}</th>
            <th scope="col" className="r">
              {name}
            </th>
            <th scope="col" className="r">
              {w.percentile}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((point) => (
            <tr key={point.id}>
              <th scope="row">{dayText(lang, point.day)}</th>
              <td className="r nowrap">
                {measureText(lang, units, measure, point.value, point.ageDays)}
                {point.length === null ? null : (
                  <span className="cap atlength">{w.atLength(lengthText(lang, units, point.length))}</span>
                )}
              </td>
              <Cell point={point} />
            </tr>
          ))}
        </tbody>
      </table>
      {newest.length > few ? (
        <button type="button" className="textbutton" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? w.fewer : w.all(newest.length)}
        </button>
      ) : null}
    </Panel>
  );
}
