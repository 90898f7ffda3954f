/** The card: a code that any phone reads, also offline, and the same as a list. It is not signed, and says so. */
import { parseCivil } from '@relaybox/lib/clinical/dates';
import { vaccineName } from '@relaybox/lib/clinical/vaccine-words';
import { cardText, type VaccineGroup, type Vaccines, vaccinesOf } from '@relaybox/lib/clinical/vaccines';
import { counted, dateText, dayText } from '@relaybox/lib/i18n/format';
import type { ChartView } from '@relaybox/lib/session/api';
import { IconPrinter } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { PartialNote } from '../app/completeness.tsx';
import { lacksNothing } from '../app/missing.ts';
import { Empty } from '../kit/empty.tsx';
import { useLang, useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { Qr } from '../kit/qr.tsx';
import { Spine } from '../kit/spine.tsx';
import { HealthPage } from './parts.tsx';
import { WithCodes } from './vaccines.tsx';
import { vaccineWords } from './words/vaccines.ts';

export function VaccineCard() {
  const w = useWords(vaccineWords);
  return (
    <HealthPage words={{ title: w.cardTitle, heading: w.cardHeading, own: w.cardOwn }}>
      {(view) => (
        <WithCodes>{(cvx) => <CardView view={view} vaccines={vaccinesOf(view.chart, cvx)} />}</WithCodes>
      )}
    </HealthPage>
  );
}

/** More than this a phone's camera no longer reads from a screen. */
export const longestCard = 1200;

const fullName = (view: ChartView): string =>
  [view.subject.family, view.subject.given].filter((part) => part !== null).join(', ');

export function CardView({ view, vaccines }: { view: ChartView; vaccines: Vaccines }) {
  const w = useWords(vaccineWords);
  const lang = useLang();
  const { subject } = view;
  const born = parseCivil(subject.born);
  const text = cardText(vaccines, { name: fullName(view), born });
  if (vaccines.given === 0)
    return lacksNothing(view) ? <Empty title={w.empty}>{w.emptyText}</Empty> : <PartialNote view={view} />;
  return (
    <div className="two cardpage">
      <div className="stack">
        <PartialNote view={view} />
        <Panel>
          <div className="stack">
            <div className="who">
              <Spine who={subject} size="big" />
              <div>
                <p className="b">{fullName(view)}</p>
                {born ? <p className="small ink2">{w.born(dayText(lang, born))}</p> : null}
                <p className="small ink2">
                  {w.count(counted(lang, vaccines.given, w.doses), vaccines.reported)}
                </p>
              </div>
            </div>
            {text.length <= longestCard ? (
              <>
                <div className="qrbox">
                  <Qr text={text} label={w.qr} />
                </div>
                <p className="small ink2">{w.brighter}</p>
                <p className="cap">
                  {w.qrText} {w.qrUnsigned}
                </p>
              </>
            ) : (
              <p className="small ink2">{w.tooLong}</p>
            )}
            {vaccines.conflicts.length > 0 ? (
              <p className="small ink2">{w.disputed(vaccines.conflicts.length)}</p>
            ) : null}
            <Link
              className="linkbutton deed"
              to="/r/$n/health/vaccines/paper"
              params={{ n: String(subject.n) }}
            >
              <IconPrinter size={20} aria-hidden />
              {w.print}
            </Link>
          </div>
        </Panel>
      </div>
      <CardList vaccines={vaccines} />
    </div>
  );
}

function CardList({ vaccines }: { vaccines: Vaccines }) {
  const w = useWords(vaccineWords);
  const lang = useLang();
  const dates = (group: VaccineGroup) =>
    group.doses.map((dose) => (dose.on ? dateText(lang, dose.on) : (dose.onText ?? w.noDate))).join(' · ');
  return (
    <Panel title={w.list} flush>
      <ul className="lines topline">
        {vaccines.groups
          .filter(({ doses }) => doses.length > 0)
          .map((group) => (
            <li className="entry" key={`${group.group} ${group.name}`}>
              <h3>{group.group === null ? group.name : vaccineName(lang, group.group)}</h3>
              <p className="small num">{dates(group)}</p>
            </li>
          ))}
      </ul>
    </Panel>
  );
}
