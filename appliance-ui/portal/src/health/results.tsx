/** Results: what was found, where each number stands in words, and what the clinician wrote, which stands first. */
import { parseCivil, sortKey } from '@relaybox/lib/clinical/dates';
import { explain } from '@relaybox/lib/clinical/glossary';
import { outsideOf } from '@relaybox/lib/clinical/lists';
import { conceptText } from '@relaybox/lib/clinical/read';
import {
  loneResult,
  type Patient,
  type Report,
  type ResultValue,
  reportOf,
} from '@relaybox/lib/clinical/results';
import { dateText } from '@relaybox/lib/i18n/format';
import { at } from '@relaybox/lib/protocol/elements';
import { type Chart, contentVersion, currentVersion, type Item, statusOf } from '@relaybox/lib/protocol/fold';
import type { Hex } from '@relaybox/lib/protocol/types';
import type { ChartView, Subject } from '@relaybox/lib/session/api';
import { IconAlertTriangle, IconHourglass } from '@tabler/icons-react';
import { PartialNote } from '../app/completeness.tsx';
import { lacksNothing } from '../app/missing.ts';
import { Empty } from '../kit/empty.tsx';
import { useLang, useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { Tag } from '../kit/tag.tsx';
import { useFew } from './few.tsx';
import { By, HealthPage, Private, TwoVersions, Words } from './parts.tsx';
import { FlagTag, RangeLine } from './range.tsx';
import { commonWords } from './words/common.ts';
import { resultWords } from './words/results.ts';

export function Results() {
  const w = useWords(resultWords);
  return <HealthPage words={w}>{(view) => <ResultsView view={view} />}</HealthPage>;
}

/** Reports shown at first. */
const few = 6;

export interface Released {
  readonly item: Item;
  readonly by: Hex;
  readonly report: Report;
}

export const patientOf = (subject: Subject): Patient => ({
  born: parseCivil(subject.born),
  sex: subject.sex === 'female' || subject.sex === 'male' ? subject.sex : null,
});

/** Reports and laboratory values that stand alone, newest first. */
export function released(chart: Chart, patient: Patient): readonly Released[] {
  const read = (item: Item, of: typeof loneResult): readonly Released[] => {
    const current = currentVersion(item);
    const version = contentVersion(item);
    if (!current || !version || item.state !== 'current' || statusOf(current) === 'entered-in-error')
      return [];
    const report = of(version.record.resource, patient);
    return report ? [{ item, by: current.record.id, report }] : [];
  };
  const all = [
    ...chart.reports.flatMap((item) => read(item, reportOf)),
    ...chart.observations.flatMap((item) => read(item, loneResult)),
    ...outsideOf(chart, 'DiagnosticReport').flatMap(({ item }) => read(item, reportOf)),
  ];
  const day = ({ report }: Released) => (report.on ? sortKey(report.on) : '');
  return all.sort((one, other) => (day(one) < day(other) ? 1 : day(one) > day(other) ? -1 : 0));
}

export function ResultsView({ view }: { view: ChartView }) {
  const w = useWords(resultWords);
  const all = released(view.chart, patientOf(view.subject));
  const { shown, more } = useFew(all, few, ({ report }) => report.on);
  const two = view.chart.reports.filter((item) => item.conflict !== null);
  const fromTable = all.some(({ report }) => report.values.some(({ flag }) => flag.range?.from === 'table'));
  return (
    <>
      <PartialNote view={view} />
      <Waiting view={view} />
      {all.length === 0 && two.length === 0 && lacksNothing(view) ? (
        <Empty title={w.empty}>{w.emptyText}</Empty>
      ) : null}
      <TwoVersions view={view} items={two} say={(resource) => conceptText(at(resource, 'code'))} />
      {shown.map((one) => (
        <ReportPanel key={one.item.id} view={view} released={one} />
      ))}
      {more}
      {fromTable ? <p className="cap">{w.tableNote}</p> : null}
    </>
  );
}

/** Orders without a result: said, so that silence is not read as "all well". */
function Waiting({ view }: { view: ChartView }) {
  const w = useWords(resultWords);
  const c = useWords(commonWords);
  const lang = useLang();
  const orders = view.chart.orders.filter(({ state }) => state === 'pending' || state === 'partial');
  if (orders.length === 0) return null;
  return (
    <Panel title={w.waiting} flush>
      <ul className="lines topline">
        {orders.map(({ item }) => {
          const resource = contentVersion(item)?.record.resource;
          const on = at(resource, 'authoredOn');
          const day = parseCivil(typeof on === 'string' ? on.slice(0, 10) : null);
          const name =
            explain(lang, at(resource, 'code'))?.term ?? conceptText(at(resource, 'code')) ?? c.noName;
          return (
            <li className="li" key={item.id}>
              <IconHourglass size={20} stroke={1.75} className="mk-plain" aria-hidden />
              <span className="grow">
                <span className="ti">{name}</span>
                <br />
                <span className="small ink2">
                  {day ? w.ordered(dateText(lang, { is: 'day', day })) : c.noDate}
                </span>
              </span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function ReportPanel({ view, released: { item, by, report } }: { view: ChartView; released: Released }) {
  const w = useWords(resultWords);
  const c = useWords(commonWords);
  const lang = useLang();
  const resource = contentVersion(item)?.record.resource;
  const word = explain(lang, at(resource, 'code'));
  const name = word?.term ?? report.name ?? c.noName;
  const first = item.versions[0]?.record.compartment ?? 'chart';
  return (
    <Panel
      title={
        <>
          {name}
          <span className="cap when"> {report.on ? dateText(lang, report.on) : c.noDate}</span>
        </>
      }
      aside={<Status status={report.status} />}
      flush
    >
      <div className="bd stack s">
        {word && report.name !== null && report.name !== name ? (
          <p className="recorded">{c.recordSays(report.name)}</p>
        ) : null}
        <Private compartment={first} />
        {report.values.some(({ flag }) => flag.is.startsWith('critical')) ? (
          <Note tone="stop" icon={IconAlertTriangle} title={w.criticalText} />
        ) : null}
        {report.conclusion ? <p className="read">{report.conclusion}</p> : null}
        <Words texts={report.notes} />
        <By view={view} id={by} on={report.issued ?? report.on} />
      </div>
      {report.values.length > 0 ? (
        <ul className="lines topline">
          {report.values.map((value, n) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: values have no id of their own and never move.
            <Value key={n} value={value} />
          ))}
        </ul>
      ) : null}
      {report.missing.length > 0 ? (
        <p className="small ink2 pad">{w.missing(report.missing.join(', '))}</p>
      ) : null}
      {report.performer ? <p className="cap pad">{report.performer}</p> : null}
    </Panel>
  );
}

function Status({ status }: { status: string | null }) {
  const w = useWords(resultWords);
  if (status === 'preliminary' || status === 'registered' || status === 'partial')
    return <Tag tone="due">{w.preliminary}</Tag>;
  return status === 'amended' || status === 'corrected' || status === 'appended' ? (
    <Tag tone="plain">{w.amended}</Tag>
  ) : null;
}

function Value({ value }: { value: ResultValue }) {
  const w = useWords(resultWords);
  const c = useWords(commonWords);
  const lang = useLang();
  const word = explain(lang, value.code);
  const name = word?.term ?? value.name ?? c.noName;
  return (
    <li className="entry">
      <div className="row wrap base between">
        <h3>{name}</h3>
        <FlagTag flag={value.flag} />
      </div>
      <p className="resultvalue num">{value.text ?? w.noValue}</p>
      <RangeLine value={value} />
      {value.flag.is === 'unclear' ? <p className="small ink2">{w.unclearText}</p> : null}
      {word?.plain ? <p className="small ink2">{word.plain}</p> : null}
      {word && value.name !== null && value.name !== name ? (
        <p className="recorded">{c.recordSays(value.name)}</p>
      ) : null}
      <Words texts={value.notes} />
    </li>
  );
}
