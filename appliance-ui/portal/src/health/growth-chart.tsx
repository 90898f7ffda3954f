/** One reference, one chart: WHO to 24 months, CDC from 2 years, or weight for length. */
import {
  curveByAge,
  curveByLength,
  daysPerMonth,
  type GrowthSex,
  type GrowthTables,
  lastWhoDay,
  type Measure,
  type Reference,
} from '@relaybox/lib/clinical/growth';
import type { GrowthPoint } from '@relaybox/lib/clinical/growth-path';
import { percentileText, placeOf } from '@relaybox/lib/clinical/growth-words';
import { dayText } from '@relaybox/lib/i18n/format';
import type { Subject } from '@relaybox/lib/session/api';
import { scaleLinear } from 'd3-scale';
import { useId } from 'react';
import { isOwn } from '../app/people.ts';
import { useUnits } from '../app/prefs.ts';
import { type Axis, type Curve, type Dot, GrowthChart, useWidth, type Xy } from '../kit/chart.tsx';
import { useLang, useWords } from '../kit/lang.tsx';
import { axisOf, lengthAxis, measureText } from './units.ts';
import { growthWords } from './words/growth.ts';

const percentiles = [3, 15, 50, 85, 97] as const;

/** The part of a reference that is drawn, in days of age, and its ticks in the unit of the axis. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly perUnit: number;
  readonly ticks: readonly number[];
  readonly unit: 'months' | 'years';
}

const perYear = daysPerMonth * 12;

/** Young children get a narrower chart, so that their dots do not stand in a corner. */
export function spanOf(reference: Reference, measure: Measure, newest: number): Span {
  if (reference === 'who') {
    const months = newest <= 120 ? 6 : newest <= 300 ? 12 : 24;
    const tick = months === 6 ? 1 : months === 12 ? 3 : 6;
    return {
      from: 0,
      to: Math.min(lastWhoDay, Math.round(months * daysPerMonth)),
      step: 7,
      perUnit: daysPerMonth,
      ticks: Array.from({ length: months / tick + 1 }, (_, n) => n * tick),
      unit: 'months',
    };
  }
  if (measure === 'head')
    return {
      from: lastWhoDay + 1,
      to: Math.floor(36 * daysPerMonth),
      step: 15,
      perUnit: daysPerMonth,
      ticks: [24, 27, 30, 33, 36],
      unit: 'months',
    };
  const years = newest / perYear;
  const end = years < 4.6 ? 5 : years < 9.2 ? 10 : years < 14 ? 15 : 20;
  const ticks = { 5: [2, 3, 4, 5], 10: [2, 4, 6, 8, 10], 15: [2, 5, 10, 15], 20: [2, 5, 10, 15, 20] }[end];
  return {
    from: lastWhoDay + 1,
    to: Math.min(Math.floor(240 * daysPerMonth), Math.round(end * perYear)),
    step: 30,
    perUnit: perYear,
    ticks: ticks ?? [],
    unit: 'years',
  };
}

export interface ChartPanelProps {
  readonly sex: GrowthSex | null;
  readonly measure: Measure;
  readonly reference: Reference;
  readonly points: readonly GrowthPoint[];
  readonly tables: GrowthTables;
  /** Of the measure. */
  readonly name: string;
  /** Where there are two charts. */
  readonly title: string | null;
  readonly self: Subject;
}

interface Plot {
  readonly curves: readonly Curve[];
  readonly dots: readonly Dot[];
  readonly x: Axis;
}

type Words = (typeof growthWords)['en'];

const dotsOf = (
  points: readonly GrowthPoint[],
  x: (point: GrowthPoint) => number,
  y: (v: number) => number,
  [from, to]: Xy,
): readonly Dot[] =>
  points
    .map((point) => ({ key: point.id, x: x(point), y: y(point.value), open: point.score === null }))
    .filter((dot) => dot.x >= from - 1e-9 && dot.x <= to + 1e-9);

/** By age. */
function byAge(
  { sex, measure, reference, points, tables }: ChartPanelProps,
  y: (v: number) => number,
  w: Words,
): Plot {
  const age = (point: GrowthPoint) => point.ageDays - point.corrected;
  const span = spanOf(reference, measure, Math.max(0, ...points.map(age)));
  const curves =
    sex === null || measure === 'weight-for-length'
      ? []
      : percentiles.map((p) => ({
          p,
          points: curveByAge(tables, measure, sex, p, span).map(
            ([day, value]) => [day / span.perUnit, y(value)] as const,
          ),
        }));
  const domain = [Math.floor((span.from / span.perUnit) * 10) / 10, span.to / span.perUnit] as const;
  return {
    curves,
    dots: dotsOf(points, (point) => age(point) / span.perUnit, y, domain),
    x: {
      domain,
      ticks: span.ticks,
      format: String,
      title: span.unit === 'months' ? w.monthsOld : w.yearsOld,
    },
  };
}

/** Weight for length: the axis is the length. */
function byLength(
  { sex, points, tables }: ChartPanelProps,
  y: (v: number) => number,
  axis: ReturnType<typeof lengthAxis>,
  w: Words,
): Plot {
  const longest = Math.max(60, ...points.map((point) => point.length ?? 0));
  const to = Math.min(110, Math.ceil((longest + 8) / 5) * 5);
  const domain = [axis.at(45), axis.at(to)] as const;
  return {
    curves:
      sex === null
        ? []
        : percentiles.map((p) => ({
            p,
            points: curveByLength(tables, sex, p, 45, to).map(([cm, kg]) => [axis.at(cm), y(kg)] as const),
          })),
    dots: dotsOf(points, (point) => axis.at(point.length ?? Number.NaN), y, domain),
    x: {
      domain,
      ticks: scaleLinear([...domain], [0, 1]).ticks(5),
      format: String,
      title: w.lengthAxis(axis.unit),
    },
  };
}

/** Scale of the values in sight, with room at both ends. */
const heightsOf = ({ curves, dots }: Plot) => {
  const all = [...curves.flatMap((curve) => curve.points.map(([, at]) => at)), ...dots.map((dot) => dot.y)];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  // One value alone has no extent: it stands in the middle of a fifth.
  const room = most > least ? 0 : Math.abs(most) / 10;
  return scaleLinear([least - room, most + room], [0, 1]).nice(6);
};

/** What a screen reader says of the drawing. */
const labelOf = (
  w: Words,
  name: string,
  points: readonly GrowthPoint[],
  say: (point: GrowthPoint) => string,
) => {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return name;
  return first === last ? w.labelOne(name, say(last)) : w.label(name, points.length, say(first), say(last));
};

function Drawing({ props, plot, width }: { props: ChartPanelProps; plot: Plot; width: number }) {
  const { measure, points, name } = props;
  const w = useWords(growthWords);
  const lang = useLang();
  const units = useUnits();
  const scale = heightsOf(plot);
  const [low = 0, high = 1] = scale.domain();
  const text = (point: GrowthPoint) => measureText(lang, units, measure, point.value, point.ageDays);
  const end = plot.dots.at(-1)?.key;
  const last = points.find((point) => point.id === end);
  const place = last?.score ? placeOf(last.score.percentile) : null;
  return (
    <GrowthChart
      width={width}
      height={width > 480 ? 400 : 330}
      curves={plot.curves}
      dots={plot.dots}
      x={plot.x}
      y={{
        domain: [low, high],
        ticks: scale.ticks(6),
        format: String,
        title: measure === 'bmi' ? name : axisOf(units, measure).unit,
      }}
      label={labelOf(w, name, points, (point) => w.onDate(text(point), dayText(lang, point.day)))}
      chip={last ? { value: text(last), place: place ? percentileText(lang, place) : null } : null}
    />
  );
}

export function ChartPanel(props: ChartPanelProps) {
  const { sex, measure, reference, title, self } = props;
  const w = useWords(growthWords);
  const units = useUnits();
  const id = useId();
  const [ref, width] = useWidth();
  const { at } = axisOf(units, measure);
  const plot =
    measure === 'weight-for-length' ? byLength(props, at, lengthAxis(units), w) : byAge(props, at, w);
  // Nothing to draw: before the due date, or beyond the reference. The table has it.
  if (plot.dots.length === 0) return null;
  const peers = sex === 'male' ? w.boys : w.girls;
  const his = isOwn(self) ? w.your : sex === 'male' ? w.his : w.her;
  const cdc = measure === 'bmi' ? w.reference.cdcBmi : w.reference.cdc;
  const reach = reference === 'who' ? w.reference.who : cdc;
  return (
    <section className="panel bleed" aria-labelledby={id}>
      <div className="hd">
        <h2 id={id}>{title ?? (sex === null && !isOwn(self) ? w.thePath : w.path(his))}</h2>
      </div>
      <div className="bd">
        <div ref={ref}>{width > 0 ? <Drawing props={props} plot={plot} width={width} /> : null}</div>
        <Legend curves={plot.curves.length > 0} open={plot.dots.some((dot) => dot.open)} peers={peers} />
        {sex === null ? null : <p className="cap reference">{reach(peers)}</p>}
      </div>
    </section>
  );
}

function Legend({ curves, open, peers }: { curves: boolean; open: boolean; peers: string }) {
  const w = useWords(growthWords);
  return (
    <dl className="legend small ink2">
      {curves ? (
        <>
          <dt>
            <svg width="26" height="16" aria-hidden className="chart">
              <rect width="26" height="16" className="b2" />
              <path d="M0 8h26" className="m" />
            </svg>
          </dt>
          <dd>{w.middle(peers)}</dd>
          <dt>
            <svg width="26" height="16" aria-hidden className="chart">
              <rect width="26" height="16" className="b1" />
              <path d="M0 1h26M0 15h26" className="c" />
            </svg>
          </dt>
          <dd>{w.outer(peers)}</dd>
        </>
      ) : null}
      {open ? (
        <>
          <dt>
            <svg width="26" height="16" aria-hidden className="chart">
              <circle cx="13" cy="8" r="5" className="pt open" />
            </svg>
          </dt>
          <dd>{w.open}</dd>
        </>
      ) : null}
    </dl>
  );
}
