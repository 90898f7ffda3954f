/**
 * Growth chart and line-up as plain SVG: screen, print and PDF share one geometry. A drawing gets its width in pixels
 * and is never scaled, so that text keeps its size. The table beside it has the same numbers; the label says so.
 */
import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { useEffect, useId, useRef, useState } from 'react';

export type Xy = readonly [x: number, y: number];

export interface Curve {
  readonly p: number;
  readonly points: readonly Xy[];
}
export interface Dot {
  readonly key: string;
  readonly x: number;
  readonly y: number;
  /** Without a place among other children: drawn open. */
  readonly open: boolean;
}
export interface Axis {
  readonly domain: Xy;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
  readonly title: string;
}
export interface ChartProps {
  readonly width: number;
  readonly height: number;
  /** Percentiles 3, 15, 50, 85, 97; empty where no reference holds. */
  readonly curves: readonly Curve[];
  readonly dots: readonly Dot[];
  readonly x: Axis;
  readonly y: Axis;
  /** What a screen reader says: first and last point, and where the table is. */
  readonly label: string;
  /** At the last dot: value, and its place. */
  readonly chip: { readonly value: string; readonly place: string | null } | null;
}

/** The width of an element in whole pixels, as it changes; 0 before it is known. */
export function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const read = () => setWidth(Math.floor(element.clientWidth));
    const watch = new ResizeObserver(read);
    watch.observe(element);
    read();
    return () => watch.disconnect();
  }, []);
  return [ref, width] as const;
}

const margin = { top: 26, right: 30, bottom: 38, left: 34 } as const;
/** Labels at the right end nearer than this many pixels would touch. */
const labelGap = 13;

type Scale = (value: number) => number;

function Curves({ curves, X, Y, right }: { curves: readonly Curve[]; X: Scale; Y: Scale; right: number }) {
  const at = (p: number): readonly Xy[] => curves.find((curve) => curve.p === p)?.points ?? [];
  const path = (p: number) =>
    line<Xy>(
      ([x]) => X(x),
      ([, y]) => Y(y),
    )([...at(p)]) ?? '';
  const band = (low: number, high: number) => {
    const top = at(high);
    return (
      area<Xy>(
        ([x]) => X(x),
        ([, y]) => Y(y),
        (_, n) => Y(top[n]?.[1] ?? 0),
      )([...at(low)]) ?? ''
    );
  };
  const named = [97, 50, 3]
    .map((p) => ({ p, y: Y(at(p).at(-1)?.[1] ?? Number.NaN) }))
    .filter(({ y }) => Number.isFinite(y));
  const middle = named.find(({ p }) => p === 50);
  const shown = named.filter(
    ({ p, y }) => p === 50 || middle === undefined || Math.abs(y - middle.y) >= labelGap,
  );
  return (
    <>
      <path className="b1" d={band(3, 97)} />
      <path className="b2" d={band(15, 85)} />
      <path className="c" d={path(3)} />
      <path className="c" d={path(97)} />
      <path className="m" d={path(50)} />
      {shown.map(({ p, y }) => (
        <text key={p} className="lab" x={right + 5} y={y + 4}>
          {p}
        </text>
      ))}
    </>
  );
}

interface ChipProps {
  readonly at: Xy;
  readonly chip: NonNullable<ChartProps['chip']>;
  readonly plot: {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  };
}

function Chip({ at: [x, y], chip, plot }: ChipProps) {
  const longest = Math.max(chip.value.length * 8.2, (chip.place?.length ?? 0) * 6.4);
  const width = Math.max(72, longest + 20);
  const height = chip.place === null ? 26 : 42;
  const below = plot.bottom - y > height + 44;
  const top = below ? y + 40 : Math.max(plot.top - 20, y - 40 - height);
  const middle = Math.min(Math.max(x, plot.left + width / 2), plot.right - width / 2);
  return (
    <g>
      <line x1={x} x2={x} y1={y} y2={below ? top : top + height} className="leader" />
      <g transform={`translate(${middle},${top})`}>
        <rect x={-width / 2} y={0} width={width} height={height} rx="6" className="chip" />
        <text className="strong" y={18} textAnchor="middle" fontSize={15}>
          {chip.value}
        </text>
        {chip.place === null ? null : (
          <text className="lab" y={34} textAnchor="middle">
            {chip.place}
          </text>
        )}
      </g>
    </g>
  );
}

/** Reference curves with the child's own dots. */
export function GrowthChart({ width, height, curves, dots, x, y, label, chip }: ChartProps) {
  const clip = useId();
  const plot = {
    left: margin.left,
    right: width - margin.right,
    top: margin.top,
    bottom: height - margin.bottom,
  };
  const X = scaleLinear([...x.domain], [plot.left, plot.right]);
  const Y = scaleLinear([...y.domain], [plot.bottom, plot.top]);
  const last = dots.at(-1);
  const own = line<Dot>(
    (dot) => X(dot.x),
    (dot) => Y(dot.y),
  )([...dots]);
  return (
    <svg
      className="chart"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      {y.ticks.map((tick) => (
        <g key={tick}>
          <line className="grid" x1={plot.left} x2={plot.right} y1={Y(tick)} y2={Y(tick)} />
          <text x={plot.left - 6} y={Y(tick) + 4} textAnchor="end">
            {y.format(tick)}
          </text>
        </g>
      ))}
      {x.ticks.map((tick) => (
        <text key={tick} x={X(tick)} y={plot.bottom + 18} textAnchor="middle">
          {x.format(tick)}
        </text>
      ))}
      <text x={plot.left - 6} y={12} textAnchor="end">
        {y.title}
      </text>
      <text x={plot.right} y={height - 4} textAnchor="end">
        {x.title}
      </text>
      <clipPath id={clip}>
        <rect x={plot.left - 8} y={0} width={plot.right - plot.left + 16} height={plot.bottom + 8} />
      </clipPath>
      {curves.length > 0 ? <Curves curves={curves} X={X} Y={Y} right={plot.right} /> : null}
      <g clipPath={`url(#${clip})`}>
        <path className="path" d={own ?? ''} />
        {dots.slice(0, -1).map((dot) => (
          <circle key={dot.key} className={dot.open ? 'pt open' : 'pt'} cx={X(dot.x)} cy={Y(dot.y)} r={4.5} />
        ))}
      </g>
      {last && chip ? <Chip at={[X(last.x), Y(last.y)]} chip={chip} plot={plot} /> : null}
      {last ? (
        <circle className={last.open ? 'last open' : 'last'} cx={X(last.x)} cy={Y(last.y)} r={7} />
      ) : null}
    </svg>
  );
}

export interface LineUpProps {
  readonly width: number;
  /** Bars before the child, 0–99. */
  readonly before: number;
  readonly name: string;
  readonly ends: readonly [left: string, right: string];
  /** Colour of the first name's tab. */
  readonly hue: string;
  readonly label: string;
}

/** A hundred children in a row, smallest first: a percentile without the word. */
export function LineUp({ width, before, name, ends, hue, label }: LineUpProps) {
  const step = width / 100;
  const middle = before * step + step / 2;
  const half = Math.min(width / 2, name.length * 4.2 + 4);
  return (
    <svg
      className="chart"
      width={width}
      height={92}
      viewBox={`0 0 ${width} 92`}
      role="img"
      aria-label={label}
    >
      {Array.from({ length: 100 }, (_, place) => place)
        .filter((place) => place !== before)
        .map((place) => {
          const height = 12 + (place / 99) * 20;
          return (
            <rect
              key={place}
              className={place < before ? 'less' : 'more'}
              x={place * step + step * 0.16}
              y={64 - height}
              width={step * 0.68}
              height={height}
              rx="1"
            />
          );
        })}
      <rect
        className="own"
        x={Math.min(Math.max(before * step - 1.4, 0), width - step - 2.8)}
        y={22}
        width={step + 2.8}
        height={42}
        rx="2"
        fill={hue}
      />
      <text
        className="strong"
        x={Math.min(Math.max(middle, half), width - half)}
        y={15}
        textAnchor="middle"
        fontSize={14}
      >
        {name}
      </text>
      <text x={0} y={84} fontSize={13} className="lab">
        {ends[0]}
      </text>
      <text x={width} y={84} textAnchor="end" fontSize={13} className="lab">
        {ends[1]}
      </text>
    </svg>
  );
}
