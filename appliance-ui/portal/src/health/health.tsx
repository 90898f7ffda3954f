/** The index of the health part: eight places, each with its newest fact in a few words. */
import { dayOf, daysBetween, parseCivil, parseFhirDate } from '@relaybox/lib/clinical/dates';
import { explain } from '@relaybox/lib/clinical/glossary';
import { readings } from '@relaybox/lib/clinical/growth-path';
import { allergiesIn, documentsIn, medicinesIn, problemsIn } from '@relaybox/lib/clinical/lists';
import { conceptText } from '@relaybox/lib/clinical/read';
import { counted, dateText, dayText, listText } from '@relaybox/lib/i18n/format';
import { at, textAt } from '@relaybox/lib/protocol/elements';
import { activeAllergies, contentVersion, headVersions } from '@relaybox/lib/protocol/fold';
import type { ChartView } from '@relaybox/lib/session/api';
import {
  type Icon,
  IconAlertTriangle,
  IconChartLine,
  IconFileText,
  IconFlask,
  IconHeartbeat,
  IconPill,
  IconStethoscope,
  IconVaccine,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { PartialNote } from '../app/completeness.tsx';
import { lacksNothing } from '../app/missing.ts';
import { useUnits } from '../app/prefs.ts';
import { Chev } from '../kit/chev.tsx';
import { useLang, useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { Tag } from '../kit/tag.tsx';
import { HealthPage } from './parts.tsx';
import { patientOf, released } from './results.tsx';
import { weightText } from './units.ts';
import { commonWords } from './words/common.ts';
import { allergyWords, indexWords } from './words/lists.ts';

export function Health() {
  const w = useWords(indexWords);
  return (
    <HealthPage words={w} top>
      {(view) => <HealthView view={view} />}
    </HealthPage>
  );
}

const places = [
  'allergies',
  'growth',
  'vaccines',
  'results',
  'medicines',
  'problems',
  'vitals',
  'documents',
] as const;
type Place = (typeof places)[number];

const icons: { readonly [place in Place]: Icon } = {
  growth: IconChartLine,
  vaccines: IconVaccine,
  results: IconFlask,
  medicines: IconPill,
  allergies: IconAlertTriangle,
  problems: IconStethoscope,
  vitals: IconHeartbeat,
  documents: IconFileText,
};

export function HealthView({ view }: { view: ChartView }) {
  const w = useWords(indexWords);
  const facts = useFacts(view);
  return (
    <>
      <PartialNote view={view} />
      <Panel flush>
        <div className="lines">
          {places.map((place) => {
            const Mark = icons[place];
            return (
              <Link
                key={place}
                className="li"
                to={`/r/$n/health/${place}`}
                params={{ n: String(view.subject.n) }}
              >
                <Mark size={24} stroke={1.6} className="placeicon" aria-hidden />
                <span className="grow">
                  <span className="ti">{w[place]}</span>
                  <br />
                  <span className="small ink2">{facts[place]}</span>
                </span>
                <Chev />
              </Link>
            );
          })}
        </div>
      </Panel>
    </>
  );
}

/** The newest fact of each place. What is not complete is not called empty. */
export function useFacts(view: ChartView): { readonly [place in Place]: ReactNode } {
  const w = useWords(indexWords);
  const whole = lacksNothing(view);
  const orPartial = (text: string): string => (whole ? text : w.partial);
  return {
    growth: useGrowth(view) ?? orPartial(w.noWeight),
    vaccines: useVaccines(view) ?? orPartial(w.noDoses),
    results: useResults(view) ?? orPartial(w.noResults),
    medicines: useMedicines(view) ?? orPartial(w.noMedicines),
    allergies: <AllergyFact view={view} />,
    problems: useProblems(view) ?? orPartial(w.noProblems),
    vitals: useVitals(view) ?? orPartial(w.noWeight),
    documents: useDocuments(view) ?? orPartial(w.noDocuments),
  };
}

const newestOf = (view: ChartView, weightOnly: boolean) =>
  readings(view.chart)
    .filter(
      ({ reading }) =>
        reading !== null && (!weightOnly || (reading.sign === 'weight' && reading.number !== null)),
    )
    .map(({ reading }) => ({ reading, day: dayOf(reading?.on ?? null) }))
    .filter(({ day }) => day !== null)
    .sort((one, other) => ((one.day ?? '') < (other.day ?? '') ? -1 : 1))
    .at(-1);

function useGrowth(view: ChartView): string | null {
  const w = useWords(indexWords);
  const lang = useLang();
  const units = useUnits();
  const newest = newestOf(view, true);
  if (newest?.reading?.number == null || newest.day === null) return null;
  const born = parseCivil(view.subject.born);
  const days = born && newest.day >= born ? daysBetween(born, newest.day) : 0;
  return w.lastWeight(weightText(lang, units, newest.reading.number, days), dayText(lang, newest.day));
}

function useVitals(view: ChartView): string | null {
  const w = useWords(indexWords);
  const lang = useLang();
  const day = newestOf(view, false)?.day;
  return day ? w.lastVitals(dayText(lang, day)) : null;
}

function useVaccines(view: ChartView): string | null {
  const w = useWords(indexWords);
  const lang = useLang();
  const given = view.chart.immunizations
    .map((item) => contentVersion(item)?.record.resource)
    .filter((resource) => textAt(resource, 'status') === 'completed');
  const days = given
    .map((resource) => dayOf(parseFhirDate(at(resource, 'occurrenceDateTime'))))
    .filter((day) => day !== null);
  const last = days.sort().at(-1);
  if (given.length === 0) return null;
  const doses = counted(lang, given.length, w.dose);
  return last ? w.doses(doses, dayText(lang, last)) : doses;
}

function useResults(view: ChartView): string | null {
  const w = useWords(indexWords);
  const c = useWords(commonWords);
  const lang = useLang();
  const [newest] = released(view.chart, patientOf(view.subject));
  if (!newest) return null;
  const code = at(contentVersion(newest.item)?.record.resource, 'code');
  const name = explain(lang, code)?.term ?? newest.report.name ?? c.noName;
  return w.lastResult(name, newest.report.on ? dateText(lang, newest.report.on) : c.noDate);
}

function useMedicines(view: ChartView): string | null {
  const w = useWords(indexWords);
  const lang = useLang();
  const c = useWords(commonWords);
  const { current } = medicinesIn(view.chart);
  if (current.length === 0) return null;
  const names = some(
    lang,
    current.map(({ name }) => name ?? c.noName),
  );
  // Names of products can be long; the page has them all.
  return names.length <= 48 ? names : counted(lang, current.length, w.medicine);
}

function useProblems(view: ChartView): string | null {
  const lang = useLang();
  const c = useWords(commonWords);
  const { current } = problemsIn(view.chart);
  const names = current.map((row) => {
    const resource = row.item.versions.find((version) => version.record.id === row.id)?.record.resource;
    return explain(lang, at(resource, 'code'))?.term ?? row.name ?? c.noName;
  });
  return names.length === 0 ? null : some(lang, names);
}

function useDocuments(view: ChartView): string | null {
  const w = useWords(indexWords);
  const lang = useLang();
  const { rows } = documentsIn(view.chart);
  return rows.length === 0 ? null : counted(lang, rows.length, w.documentCount);
}

/** Two names, and how many more. */
const some = (lang: 'en' | 'es', names: readonly string[]): string =>
  names.length <= 2 ? listText(lang, names) : `${names.slice(0, 2).join(', ')} +${names.length - 2}`;

/** The one line of this page that carries a tone: a gap here is dangerous. */
function AllergyFact({ view }: { view: ChartView }) {
  const w = useWords(indexWords);
  const lang = useLang();
  const a = useWords(allergyWords);
  const list = allergiesIn(view.chart);
  // An allergy in conflict counts: both versions are named.
  const names = activeAllergies(view.chart.allergies)
    .flatMap((item) => headVersions(item))
    .map(({ record }) => at(record.resource, 'code'))
    .map((code) => explain(lang, code)?.term ?? conceptText(code) ?? '–');
  if (names.length > 0)
    return (
      <Tag tone="stop" icon={IconAlertTriangle}>
        {some(lang, [...new Set(names)])}
      </Tag>
    );
  if (list.conflicts.length > 0) return <Tag tone="due">{w.two}</Tag>;
  if (!list.complete) return <Tag tone="due">{w.allergyNotLoaded}</Tag>;
  if (list.state.is === 'not-recorded') return <Tag tone="due">{w.allergyNever}</Tag>;
  return list.state.is === 'none-known'
    ? list.state.of.map((sort) => a.noneOf[sort]).join('. ')
    : w.allergyPast;
}
