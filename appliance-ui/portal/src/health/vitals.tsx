/** Measurements by day, newest first. Numbers as measured, each with its unit; what was not measured is not there. */
import { type Civil, dayOf, daysBetween, parseCivil } from '@relaybox/lib/clinical/dates';
import { explain } from '@relaybox/lib/clinical/glossary';
import { readings } from '@relaybox/lib/clinical/growth-path';
import { outsideOf } from '@relaybox/lib/clinical/lists';
import { loneResult } from '@relaybox/lib/clinical/results';
import { type Reading, readingOf, type Sign } from '@relaybox/lib/clinical/vitals';
import type { Lang } from '@relaybox/lib/i18n/dict';
import { dayText, numberText } from '@relaybox/lib/i18n/format';
import { at } from '@relaybox/lib/protocol/elements';
import { contentVersion, type Item } from '@relaybox/lib/protocol/fold';
import type { ChartView } from '@relaybox/lib/session/api';
import { PartialNote } from '../app/completeness.tsx';
import { lacksNothing } from '../app/missing.ts';
import { type Units, useUnits } from '../app/prefs.ts';
import { Empty } from '../kit/empty.tsx';
import { useLang, useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { recordWords } from '../words/record.ts';
import { useFew } from './few.tsx';
import { UnitSwitch } from './growth.tsx';
import { By, HealthPage, TwoVersions, useSignerName, Words } from './parts.tsx';
import { patientOf } from './results.tsx';
import { lengthText, temperatureText, weightText } from './units.ts';
import { commonWords } from './words/common.ts';
import { vitalWords } from './words/lists.ts';

export function Vitals() {
  const w = useWords(vitalWords);
  return (
    <HealthPage words={w} aside={<UnitSwitch />}>
      {(view) => <VitalsView view={view} />}
    </HealthPage>
  );
}

interface Taken {
  readonly item: Item;
  readonly reading: Reading;
}

interface Day {
  readonly day: Civil | null;
  readonly taken: readonly Taken[];
}

/** Of the rows of one day. */
const order: readonly Sign[] = [
  'weight',
  'length',
  'head',
  'bmi',
  'temperature',
  'pulse',
  'breaths',
  'pressure',
  'oxygen',
  'vision',
  'hearing',
  'gestation',
];

/** Days shown at first. */
const few = 6;

/** Readings that are no laboratory results, by day; undated ones last. */
export function daysOf(view: ChartView): readonly Day[] {
  const patient = patientOf(view.subject);
  const days = new Map<Civil | null, Taken[]>();
  for (const { item, reading } of readings(view.chart)) {
    const resource = contentVersion(item)?.record.resource;
    if (reading === null || !resource || loneResult(resource, patient) !== null) continue;
    const day = dayOf(reading.on);
    days.set(day, [...(days.get(day) ?? []), { item, reading }]);
  }
  const key = (day: Civil | null) => day ?? '';
  const place = ({ reading }: Taken) => (reading.sign === null ? order.length : order.indexOf(reading.sign));
  return [...days]
    .map(([day, taken]) => ({ day, taken: taken.sort((one, other) => place(one) - place(other)) }))
    .sort((one, other) => (key(one.day) < key(other.day) ? 1 : -1));
}

export function VitalsView({ view }: { view: ChartView }) {
  const w = useWords(vitalWords);
  const days = daysOf(view);
  const { shown, more } = useFew(days, few, ({ day }) => (day ? { is: 'day', day } : null));
  const two = view.chart.observations.filter((item) => item.conflict !== null);
  return (
    <>
      <PartialNote view={view} />
      {days.length === 0 && two.length === 0 && lacksNothing(view) ? (
        <Empty title={w.empty}>{w.emptyText}</Empty>
      ) : null}
      <TwoVersions view={view} items={two} say={(resource) => readingOf(resource).text} />
      {days.length > 0 ? <p className="cap">{w.plain}</p> : null}
      {shown.map((day) => (
        <DayPanel key={day.day ?? 'undated'} view={view} day={day} />
      ))}
      <FromOutside view={view} />
      {more}
    </>
  );
}

function DayPanel({ view, day: { day, taken } }: { view: ChartView; day: Day }) {
  const w = useWords(vitalWords);
  const lang = useLang();
  // One line for each person who measured that day, not one for each number.
  const signers = new Map(
    taken.map(({ item }) => {
      const id = contentVersion(item)?.record.id ?? item.id;
      return [view.checked.get(id)?.signer.key ?? id, id] as const;
    }),
  );
  return (
    <Panel title={day ? dayText(lang, day) : w.undated} flush>
      <table className="readings">
        <tbody>
          {taken.map((one) => (
            <ReadingRow key={one.item.id} view={view} taken={one} />
          ))}
        </tbody>
      </table>
      <div className="row wrap pad byrow">
        {[...signers.values()].map((id) => (
          <By key={id} view={view} id={id} on={day ? { is: 'day', day } : null} />
        ))}
      </div>
    </Panel>
  );
}

function ReadingRow({ view, taken: { item, reading } }: { view: ChartView; taken: Taken }) {
  const w = useWords(vitalWords);
  const c = useWords(commonWords);
  const lang = useLang();
  const units = useUnits();
  const code = at(contentVersion(item)?.record.resource, 'code');
  const name = reading.sign ? w.signs[reading.sign] : (explain(lang, code)?.term ?? reading.name ?? c.noName);
  const value = valueText(lang, units, reading, bornDays(view, reading), w);
  const where = reading.position === null ? '' : `, ${w[reading.position]}`;
  return (
    <tr>
      <th scope="row">
        {name}
        {where}
      </th>
      <td className="r num">
        {value === null ? (reading.text ?? '–') : <span className="nowrap">{value}</span>}
        <Words texts={reading.notes} />
      </td>
    </tr>
  );
}

/** Days of age; zero where they cannot be known. */
const bornDays = (view: ChartView, reading: Reading): number => {
  const [born, day] = [parseCivil(view.subject.born), dayOf(reading.on)];
  return born !== null && day !== null ? daysBetween(born, day) : 0;
};

/** Null where the number or its unit is not certain: the recorded text stands then. */
function valueText(
  lang: Lang,
  units: Units,
  reading: Reading,
  days: number,
  w: (typeof vitalWords)['en'],
): string | null {
  if (reading.pressure) return `${reading.pressure.systolic}/${reading.pressure.diastolic} mmHg`;
  const { number, sign } = reading;
  if (number === null || sign === null) return null;
  if (sign === 'weight') return weightText(lang, units, number, days);
  if (sign === 'length' || sign === 'head') return lengthText(lang, units, number);
  if (sign === 'temperature') return temperatureText(lang, units, number);
  if (sign === 'gestation') return w.weeks(numberText(lang, number / 7, number % 7 === 0 ? 0 : 1));
  if (sign === 'oxygen') return `${numberText(lang, number)} %`;
  return sign === 'bmi' ? `${numberText(lang, number, 1)} kg/m²` : numberText(lang, number);
}

/** What a family measured at home or another office did, until the clinic accepts it. */
function FromOutside({ view }: { view: ChartView }) {
  const c = useWords(commonWords);
  const r = useWords(recordWords);
  const nameOf = useSignerName();
  const rows = outsideOf(view.chart, 'Observation').filter((one) => one.outside);
  if (rows.length === 0) return null;
  return (
    <Panel flush>
      <ul className="lines">
        {rows.map(({ item }) => {
          const version = contentVersion(item);
          const signer = version ? view.checked.get(version.record.id)?.signer : undefined;
          const reading = version ? readingOf(version.record.resource) : null;
          return (
            <li className="entry" key={item.id}>
              <h3>{reading?.name ?? c.noName}</h3>
              <p className="resultvalue num">{reading?.text ?? '–'}</p>
              {signer ? <p className="small ink2">{r.outside(nameOf(signer))}</p> : null}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
