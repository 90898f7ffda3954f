/** A flag as word and arrow, and the range as a short bar with the value marked. In range carries no colour. */
import type { Flag, FlagIs, ShownRange } from '@relaybox/lib/clinical/flags';
import type { Bound } from '@relaybox/lib/clinical/ranges';
import type { ResultValue } from '@relaybox/lib/clinical/results';
import {
  type Icon,
  IconAlertTriangle,
  IconArrowDown,
  IconArrowsVertical,
  IconArrowUp,
  IconCheck,
  IconHelp,
} from '@tabler/icons-react';
import { useWords } from '../kit/lang.tsx';
import { Tag, type Tone } from '../kit/tag.tsx';
import { resultWords } from './words/results.ts';

const looks: { readonly [is in Exclude<FlagIs, 'none'>]: readonly [Tone, Icon] } = {
  inside: ['plain', IconCheck],
  below: ['due', IconArrowDown],
  above: ['due', IconArrowUp],
  outside: ['due', IconArrowsVertical],
  critical: ['stop', IconAlertTriangle],
  'critical-low': ['stop', IconArrowDown],
  'critical-high': ['stop', IconArrowUp],
  'not-below': ['plain', IconCheck],
  'not-above': ['plain', IconCheck],
  unclear: ['due', IconHelp],
  unknown: ['plain', IconHelp],
};

export function FlagTag({ flag }: { flag: Flag }) {
  const w = useWords(resultWords);
  if (flag.is === 'none') return null;
  const [tone, icon] = looks[flag.is];
  return (
    <Tag tone={tone} icon={icon} bare={tone === 'plain'}>
      {w.flags[flag.is]}
    </Tag>
  );
}

type Words = (typeof resultWords)['en'];

/** The record's own figures; words that we could read are said in the reader's language: "less than 3.5". */
function limitsText(w: Words, { low, high, text }: ShownRange): string | null {
  const read = low !== null || high !== null;
  if (text !== null && !(read && /[a-z]/i.test(text))) return text;
  const plain = ({ value }: Bound) => String(value);
  if (low && high) return w.between(plain(low), plain(high));
  if (low) return low.inside ? w.atLeast(plain(low)) : w.moreThan(plain(low));
  if (high) return high.inside ? w.atMost(plain(high)) : w.lessThan(plain(high));
  return null;
}

export function RangeLine({ value }: { value: ResultValue }) {
  const w = useWords(resultWords);
  const { range } = value.flag;
  const text = range ? limitsText(w, range) : null;
  if (!range || text === null) return null;
  const said =
    range.from === 'record'
      ? w.rangeRecord(text)
      : w.rangeTable(text, range.source ? w.sources[range.source] : '');
  return (
    <>
      {value.number !== null && range.low && range.high ? (
        <Bar
          low={range.low.value}
          high={range.high.value}
          value={value.number}
          label={w.bar(value.text ?? '', text)}
        />
      ) : null}
      <p className="small ink2">{said}</p>
    </>
  );
}

const width = 240;

/** The range fills the middle half; a value beyond the drawing stands at its edge. */
function Bar({ low, high, value, label }: { low: number; high: number; value: number; label: string }) {
  const span = high - low;
  if (!(span > 0)) return null;
  const at = (x: number) => width / 4 + ((x - low) / span) * (width / 2);
  const here = Math.min(Math.max(at(value), 6), width - 6);
  return (
    <svg
      className="chart rangebar"
      width={width}
      height={34}
      viewBox={`0 0 ${width} 34`}
      role="img"
      aria-label={label}
    >
      <rect className="track" x="0" y="5" width={width} height="8" rx="4" />
      <rect className="usual" x={width / 4} y="5" width={width / 2} height="8" />
      <circle className="mark" cx={here} cy="9" r="6" />
      <text x={width / 4} y="30" textAnchor="middle">
        {low}
      </text>
      <text x={(width * 3) / 4} y="30" textAnchor="middle">
        {high}
      </text>
    </svg>
  );
}
