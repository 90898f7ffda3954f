/** The place in line: sentence, line-up, what it means. A parent is told facts and is never graded. */
import { ageAt, type Civil, civilAt } from '@relaybox/lib/clinical/dates';
import type { GrowthSex, Measure } from '@relaybox/lib/clinical/growth';
import type { GrowthPoint } from '@relaybox/lib/clinical/growth-path';
import {
  barsBefore,
  lineUpEnds,
  percentileText,
  placeOf,
  placeSentence,
} from '@relaybox/lib/clinical/growth-words';
import { notesOf } from '@relaybox/lib/clinical/read';
import { ageText, dayText } from '@relaybox/lib/i18n/format';
import type { ChartView } from '@relaybox/lib/session/api';
import { useId } from 'react';
import { isOwn } from '../app/people.ts';
import { useUnits } from '../app/prefs.ts';
import { LineUp, useWidth } from '../kit/chart.tsx';
import { useLang, useWords, useYoung } from '../kit/lang.tsx';
import { spineOf } from '../kit/tokens.ts';
import { By, Words } from './parts.tsx';
import { measureText } from './units.ts';
import { commonWords } from './words/common.ts';
import { growthWords } from './words/growth.ts';

export interface StatementProps {
  readonly view: ChartView;
  readonly born: Civil;
  readonly sex: GrowthSex | null;
  readonly measure: Measure;
  /** The newest point with a place; null: there is none. */
  readonly point: GrowthPoint | null;
  /** The newest point of all. */
  readonly newest: GrowthPoint | null;
}

export function Statement({ view, born, sex, measure, point, newest }: StatementProps) {
  const w = useWords(growthWords);
  const c = useWords(commonWords);
  const lang = useLang();
  const young = useYoung();
  const id = useId();
  const [ref, width] = useWidth();
  const place = point?.score ? placeOf(point.score.percentile) : null;
  if (!point || !place || sex === null)
    return newest ? <Measured view={view} measure={measure} point={newest} /> : null;
  // Null only for the reader's own record: the sentence then says "you".
  const name = isOwn(view.subject) ? null : (view.subject.given ?? w.thisChild);
  const said = placeSentence(lang, {
    measure,
    sex,
    place,
    name,
    young,
    corrected: point.corrected > 0,
  });
  const age = ageAt(born, point.day);
  const today = civilAt(Date.now() / 1000) === point.day;
  const word = percentileText(lang, place);
  const who = name ?? view.subject.given ?? '';
  const extra = measure === 'bmi' ? w.bmiPlain : measure === 'head' ? w.headPlain : null;
  return (
    <section className="panel bleed" aria-labelledby={id}>
      <div className="bd alone">
        {age ? (
          <p className="cap">{w.atAge(today ? c.today : dayText(lang, point.day), ageText(lang, age))}</p>
        ) : null}
        <h2 id={id} className="say">
          {said}
        </h2>
        <div ref={ref}>
          {width > 0 ? (
            <LineUp
              width={width}
              before={barsBefore(place)}
              name={who}
              ends={lineUpEnds(lang, measure, place)}
              hue={spineOf((view.subject.given ?? '–').charAt(0))}
              label={said}
            />
          ) : null}
        </div>
        <p className="read meaning">{place.is === 'at' ? w.meaning(word) : w.meaningEnd(word)}</p>
        {extra ? <p className="read">{extra}</p> : null}
        <Said view={view} point={point} />
      </div>
    </section>
  );
}

/** Without a place among other children: the last value, and nothing more. */
function Measured({ view, measure, point }: { view: ChartView; measure: Measure; point: GrowthPoint }) {
  const w = useWords(growthWords);
  const lang = useLang();
  const units = useUnits();
  const value = measureText(lang, units, measure, point.value, point.ageDays);
  return (
    <section className="panel bleed">
      <div className="bd alone">
        <h2 className="say">{w.last(value, dayText(lang, point.day))}</h2>
        <Said view={view} point={point} />
      </div>
    </section>
  );
}

/** What the one who measured wrote to it. */
function Said({ view, point }: { view: ChartView; point: GrowthPoint }) {
  const { id, day } = point;
  const record = view.chart.observations
    .flatMap((item) => item.versions)
    .find((version) => version.record.id === id)?.record;
  const notes = record ? notesOf(record.resource) : [];
  return (
    <div className="stack xs">
      <Words texts={notes} />
      <By view={view} id={id} on={{ is: 'day', day }} />
    </div>
  );
}
