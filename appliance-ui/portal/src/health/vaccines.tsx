/** Vaccines that were given, by what they protect against. Nothing here says what is due. */

import { conceptText } from '@relaybox/lib/clinical/read';
import { vaccineName, vaccineNames } from '@relaybox/lib/clinical/vaccine-words';
import type { CvxFile } from '@relaybox/lib/clinical/vaccines';
import { type Dose, sameDay, type VaccineGroup, vaccinesOf } from '@relaybox/lib/clinical/vaccines';
import { dateText, dayWithoutYear } from '@relaybox/lib/i18n/format';
import { at } from '@relaybox/lib/protocol/elements';
import type { ChartView } from '@relaybox/lib/session/api';
import { IconCheck, IconChevronDown, IconPrinter, IconQrcode } from '@tabler/icons-react';
import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { PartialNote } from '../app/completeness.tsx';
import { lacksNothing } from '../app/missing.ts';
import { Empty } from '../kit/empty.tsx';
import { useLang, useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { Skeleton } from '../kit/skeleton.tsx';
import { useCvx } from './loaded.ts';
import { By, HealthPage, TwoVersions, Words } from './parts.tsx';
import { Facts } from './row.tsx';
import { commonWords } from './words/common.ts';
import { vaccineWords } from './words/vaccines.ts';

export function Vaccines() {
  const w = useWords(vaccineWords);
  return (
    <HealthPage words={w} aside={<Ways />}>
      {(view) => <WithCodes>{(cvx) => <VaccinesView view={view} cvx={cvx} />}</WithCodes>}
    </HealthPage>
  );
}

function Ways() {
  const w = useWords(vaccineWords);
  const { n = '' } = useParams({ strict: false });
  return (
    <div className="headerlinks">
      <Link className="linkbutton" to="/r/$n/health/vaccines/card" params={{ n }}>
        <IconQrcode size={20} aria-hidden />
        {w.card}
      </Link>
      <Link className="linkbutton" to="/r/$n/health/vaccines/paper" params={{ n }}>
        <IconPrinter size={20} aria-hidden />
        {w.print}
      </Link>
    </div>
  );
}

/** Waits for CDC's code list, without which no dose has a group. */
export function WithCodes({ children }: { children: (cvx: CvxFile) => ReactNode }) {
  const c = useWords(commonWords);
  const cvx = useCvx();
  if (cvx.is === 'loading') return <Skeleton />;
  if (cvx.is === 'failed')
    return (
      <Note tone="due" title={c.didNotOpen}>
        {c.didNotOpenText}
      </Note>
    );
  return children(cvx.value);
}

export function VaccinesView({ view, cvx }: { view: ChartView; cvx: CvxFile }) {
  const w = useWords(vaccineWords);
  const vaccines = vaccinesOf(view.chart, cvx);
  const known = vaccines.groups.filter(({ group }) => group !== null);
  const other = vaccines.groups.filter(({ group }) => group === null);
  const none = vaccines.groups.length === 0 && vaccines.conflicts.length === 0;
  return (
    <>
      <PartialNote view={view} />
      {none && lacksNothing(view) ? <Empty title={w.empty}>{w.emptyText}</Empty> : null}
      <TwoVersions
        view={view}
        items={vaccines.conflicts}
        say={(resource) => conceptText(at(resource, 'vaccineCode'))}
      />
      <Groups view={view} title={w.given} groups={known} />
      <Groups view={view} title={w.other} groups={other} />
      {vaccines.added.length > 0 ? (
        <Panel title={w.added} flush>
          <ul className="lines topline">
            {vaccines.added.map((dose) => (
              <li className="entry" key={dose.item.id}>
                <h3>{dose.name ?? dose.cvx?.name}</h3>
                <DoseDetail view={view} dose={dose} />
              </li>
            ))}
          </ul>
        </Panel>
      ) : null}
      {none ? null : <p className="cap">{w.notDue}</p>}
    </>
  );
}

function Groups({
  view,
  title,
  groups,
}: {
  view: ChartView;
  title: string;
  groups: readonly VaccineGroup[];
}) {
  if (groups.length === 0) return null;
  return (
    <Panel title={title} flush>
      <ul className="lines topline">
        {groups.map((group) => (
          <Group key={`${group.group} ${group.name}`} view={view} group={group} />
        ))}
      </ul>
    </Panel>
  );
}

function Group({ view, group }: { view: ChartView; group: VaccineGroup }) {
  const w = useWords(vaccineWords);
  const c = useWords(commonWords);
  const lang = useLang();
  const date = (dose: Dose) => (dose.on ? dateText(lang, dose.on) : (dose.onText ?? w.noDate));
  const name = group.group === null ? group.name || c.noName : vaccineName(lang, group.group);
  const short = group.group === null ? undefined : vaccineNames[group.group]?.short;
  const notes = group.doses.flatMap((dose) => dose.notes.map((text) => ({ text, dose })));
  return (
    <li className="entry">
      <h3>
        {name} {short && short !== name ? <span className="cap nowrap">{short}</span> : null}
      </h3>
      {group.doses.length > 0 ? (
        <ol className="doses">
          {group.doses.map((dose) => (
            <DoseMark key={dose.item.id} dose={dose} />
          ))}
        </ol>
      ) : null}
      {group.notGiven.map((dose) => (
        <p className="small ink2 aside" key={dose.item.id}>
          {w.notGiven(date(dose))}
          {dose.reason ? `. ${dose.reason}` : ''}
        </p>
      ))}
      {notes.map(({ text, dose }) => (
        <p className="small ink2 aside" key={`${dose.item.id} ${text}`}>
          {date(dose)}: <span className="read">{text}</span>
        </p>
      ))}
      {group.doses.some((dose) => dose.weak) ? <Note tone="due" title={w.weak} /> : null}
      {sameDay(group) ? <Note tone="due" title={w.sameDay} /> : null}
      {group.doses.length > 0 ? (
        <details className="more">
          <summary>
            {w.details}
            <IconChevronDown size={18} aria-hidden />
          </summary>
          <ol className="stack">
            {group.doses.map((dose) => (
              <li key={dose.item.id}>
                <p className="small b">{date(dose)}</p>
                <DoseDetail view={view} dose={dose} />
              </li>
            ))}
          </ol>
        </details>
      ) : null}
    </li>
  );
}

/** A tick, the day, and the year below. Given elsewhere: a grey tick and the word. */
function DoseMark({ dose }: { dose: Dose }) {
  const w = useWords(vaccineWords);
  const lang = useLang();
  const day = dose.on?.is === 'day' ? dose.on.day : null;
  return (
    <li>
      <span className={dose.reported ? 'dose later' : 'dose'}>
        <IconCheck size={16} stroke={3} aria-hidden />
      </span>
      <span className="cap">
        {day ? (
          <>
            {dayWithoutYear(lang, day)}
            <br />
            {day.slice(0, 4)}
          </>
        ) : dose.on ? (
          dateText(lang, dose.on)
        ) : (
          (dose.onText ?? w.noDate)
        )}
        {dose.reported ? (
          <>
            <br />
            {w.reportedShort}
          </>
        ) : (
          <span className="sr"> {w.doseGiven}</span>
        )}
      </span>
    </li>
  );
}

function DoseDetail({ view, dose }: { view: ChartView; dose: Dose }) {
  const w = useWords(vaccineWords);
  return (
    <div className="stack xs">
      <Facts
        rows={[
          [w.product, dose.name ?? dose.cvx?.name ?? null],
          [w.maker, dose.maker],
          [w.lot, dose.lot],
          [w.site, dose.site],
          [w.giver, dose.giver],
          [w.origin, dose.reported ? (dose.origin ?? w.reported) : null],
        ]}
      />
      {dose.given ? null : <Words texts={dose.notes} />}
      <By view={view} id={dose.id} on={dose.on} />
    </div>
  );
}
