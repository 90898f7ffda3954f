/** The record on Letter paper: black on white, the name on every page, nothing attested beforehand. */
import './paper.css';
import { Button } from '@mantine/core';
import { civilAt, parseCivil } from '@relaybox/lib/clinical/dates';
import { formalName } from '@relaybox/lib/clinical/vaccine-words';
import {
  cardText,
  type Dose,
  type VaccineGroup,
  type Vaccines,
  vaccinesOf,
} from '@relaybox/lib/clinical/vaccines';
import { dateText, paperDate } from '@relaybox/lib/i18n/format';
import type { ChartView } from '@relaybox/lib/session/api';
import { IconPrinter } from '@tabler/icons-react';
import { lacksNothing } from '../app/missing.ts';
import { useSnapshot } from '../app/store.ts';
import { useLang, useWords } from '../kit/lang.tsx';
import { Qr } from '../kit/qr.tsx';
import { Sealed } from '../kit/seal.tsx';
import { Spine } from '../kit/spine.tsx';
import { HealthPage } from './parts.tsx';
import { longestCard } from './vaccine-card.tsx';
import { WithCodes } from './vaccines.tsx';
import { vaccineWords } from './words/vaccines.ts';

export function VaccinePaper() {
  const w = useWords(vaccineWords);
  return (
    <HealthPage
      bare
      words={{ title: w.paperTitle, heading: w.paperHeading, own: w.paperOwn }}
      aside={
        <Button
          className="noprint"
          leftSection={<IconPrinter size={20} aria-hidden />}
          onClick={() => window.print()}
        >
          {w.print}
        </Button>
      }
    >
      {(view) => (
        <WithCodes>{(cvx) => <PaperView view={view} vaccines={vaccinesOf(view.chart, cvx)} />}</WithCodes>
      )}
    </HealthPage>
  );
}

/** Columns of doses; more of one vaccine go on in the next row. */
const columns = 5;

interface PaperRow {
  readonly key: string;
  readonly name: string;
  readonly again: boolean;
  readonly doses: readonly Dose[];
}

const rowsOf = (
  groups: readonly VaccineGroup[],
  nameOf: (group: VaccineGroup) => string,
): readonly PaperRow[] =>
  groups
    .filter(({ doses }) => doses.length > 0)
    .flatMap((group) =>
      Array.from({ length: Math.ceil(group.doses.length / columns) }, (_, n) => ({
        key: `${group.group} ${group.name} ${n}`,
        name: nameOf(group),
        again: n > 0,
        doses: group.doses.slice(n * columns, (n + 1) * columns),
      })),
    );

export function PaperView({ view, vaccines }: { view: ChartView; vaccines: Vaccines }) {
  const w = useWords(vaccineWords);
  const lang = useLang();
  const practice = useSnapshot()?.practiceName ?? '';
  const { subject } = view;
  const born = parseCivil(subject.born);
  const today = civilAt(Date.now() / 1000);
  const name = [subject.family, subject.given].filter((part) => part !== null).join(', ');
  const bornText = born ? paperDate(lang, born) : '–';
  const text = cardText(vaccines, { name, born });
  const rows = rowsOf(vaccines.groups, (group) =>
    group.group === null ? group.name : formalName(lang, group.group),
  );
  return (
    <article className={`paperpage paper-${lang}`} lang={lang}>
      <header className="row top between">
        <div>
          <p className="papertitle">{w.paper}</p>
          <p>{practice}</p>
        </div>
        {text.length <= longestCard ? (
          <div className="paperqr">
            <Qr text={text} label={w.qr} />
          </div>
        ) : null}
      </header>
      <div className="paperwho">
        <Spine who={subject} size="big" />
        <dl className="kv">
          <dt>{w.name}</dt>
          <dd>{name}</dd>
          <dt>{w.sex}</dt>
          <dd>{w.sexes[subject.sex]}</dd>
          <dt>{w.bornLabel}</dt>
          <dd>{bornText}</dd>
          <dt>{w.printed}</dt>
          <dd>{today ? paperDate(lang, today) : ''}</dd>
        </dl>
      </div>
      {lacksNothing(view) ? null : <p className="b">{w.incomplete}</p>}
      {rows.length === 0 && lacksNothing(view) ? <p className="b">{w.empty}</p> : null}
      <PaperTable rows={rows} sheet={w.sheet(name, bornText)} />
      <PaperFoot view={view} vaccines={vaccines} />
    </article>
  );
}

function PaperTable({ rows, sheet }: { rows: readonly PaperRow[]; sheet: string }) {
  const w = useWords(vaccineWords);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls on a phone must be reachable by keys.
    <section className="scroll" tabIndex={0} aria-label={w.paper}>
      <table className="num">
        <thead>
          <tr className="again">
            <th colSpan={columns + 1}>{sheet}</th>
          </tr>
          <tr>
            <th scope="col">{w.vaccine}</th>
            {Array.from({ length: columns }, (_, n) => n + 1).map((n) => (
              <th scope="col" key={n}>
                {w.dose(n)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row">
                {row.name}
                {row.again ? `, ${w.continued}` : ''}
              </th>
              {Array.from({ length: columns }, (_, n) => n).map((n) => (
                <td key={n} className="nowrap">
                  <PaperDose dose={row.doses[n]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function PaperDose({ dose }: { dose: Dose | undefined }) {
  const w = useWords(vaccineWords);
  const lang = useLang();
  if (!dose)
    return (
      <>
        <span aria-hidden>–</span>
        <span className="sr">{w.none}</span>
      </>
    );
  const { on } = dose;
  const day =
    on?.is === 'day' ? paperDate(lang, on.day) : on ? dateText(lang, on) : (dose.onText ?? w.noDate);
  return (
    <>
      {day}
      {dose.reported ? '\u00a0†' : ''}
    </>
  );
}

/** What was checked, what is only reported, and lines for a hand. */
function PaperFoot({ view, vaccines }: { view: ChartView; vaccines: Vaccines }) {
  const w = useWords(vaccineWords);
  const given = new Set(vaccines.groups.flatMap(({ doses }) => doses));
  const verified = [...given].filter((dose) => {
    const checked = view.checked.get(dose.id);
    return checked?.received != null && !checked.marks.former && !checked.marks.outside && !dose.reported;
  });
  return (
    <>
      <div className="papernotes">
        {vaccines.reported > 0 ? <p>{w.dagger}</p> : null}
        {vaccines.conflicts.length > 0 ? <p>{w.disputed(vaccines.conflicts.length)}</p> : null}
      </div>
      <div className="papersign">
        <span>{w.signature}</span>
        <span>{w.date}</span>
      </div>
      <footer className="papercheck">
        <Sealed>{w.verified(verified.length, vaccines.reported)}</Sealed>
      </footer>
    </>
  );
}
