/**
 * Growth as a parent understands it: the place in line as a sentence, the line, what it means, the path, and the same
 * numbers as a table. Two charts at 24 months, never one joined line.
 */
import { ageAt, type Civil, civilAt, parseCivil } from '@relaybox/lib/clinical/dates';
import type { GrowthSex, GrowthTables, Measure } from '@relaybox/lib/clinical/growth';
import { lastWhoDay } from '@relaybox/lib/clinical/growth';
import { growthOf, newestPlace, type Growth as Path } from '@relaybox/lib/clinical/growth-path';
import { ageText, counted } from '@relaybox/lib/i18n/format';
import type { ChartView } from '@relaybox/lib/session/api';
import { IconClock, IconHelpCircle, IconInfoCircle } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { PartialNote } from '../app/completeness.tsx';
import { lacksNothing } from '../app/missing.ts';
import { isOwn } from '../app/people.ts';
import { setPrefs, useUnits } from '../app/prefs.ts';
import { Empty } from '../kit/empty.tsx';
import { useLang, useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Skeleton } from '../kit/skeleton.tsx';
import { ChartPanel } from './growth-chart.tsx';
import { GrowthTable } from './growth-table.tsx';
import { LeftOut } from './left-out.tsx';
import { useGrowthTables } from './loaded.ts';
import { HealthPage } from './parts.tsx';
import { Statement } from './statement.tsx';
import { commonWords } from './words/common.ts';
import { growthWords } from './words/growth.ts';

export function Growth() {
  const w = useWords(growthWords);
  return (
    <HealthPage words={w} aside={<UnitSwitch />}>
      {(view) => <GrowthView view={view} />}
    </HealthPage>
  );
}

export function UnitSwitch() {
  const w = useWords(growthWords);
  const units = useUnits();
  return (
    <fieldset className="seg" aria-label={w.units}>
      <button type="button" aria-pressed={units === 'us'} onClick={() => setPrefs({ units: 'us' })}>
        {w.us}
      </button>
      <button type="button" aria-pressed={units === 'metric'} onClick={() => setPrefs({ units: 'metric' })}>
        {w.metric}
      </button>
    </fieldset>
  );
}

/** Sex of the reference; null where the record does not say female or male. */
const referenceSex = (sex: ChartView['subject']['sex']): GrowthSex | null =>
  sex === 'female' || sex === 'male' ? sex : null;

export function GrowthView({ view }: { view: ChartView }) {
  const w = useWords(growthWords);
  const c = useWords(commonWords);
  const tables = useGrowthTables();
  const born = parseCivil(view.subject.born);
  if (born === null)
    return (
      <Note tone="due" title={w.noBirth}>
        {w.noBirthText}
      </Note>
    );
  if (tables.is === 'failed')
    return (
      <Note tone="due" title={c.didNotOpen}>
        {c.didNotOpenText}
      </Note>
    );
  if (tables.is === 'loading') return <Skeleton />;
  return <Measures view={view} born={born} tables={tables.value} />;
}

interface MeasuresProps {
  readonly view: ChartView;
  readonly born: Civil;
  readonly tables: GrowthTables;
}

/** Which measures a child of an age has: weight for length before two years, BMI from then on. */
export function measuresFor(ageDays: number, path: Path): readonly Measure[] {
  const young = ageDays <= lastWhoDay;
  const head = young || path.points.head.length > 0 || path.left.head.length > 0;
  return ['weight', 'length', ...(head ? (['head'] as const) : []), young ? 'weight-for-length' : 'bmi'];
}

function Measures({ view, born, tables }: MeasuresProps) {
  const w = useWords(growthWords);
  const [chosen, choose] = useState<Measure>('weight');
  const sex = referenceSex(view.subject.sex);
  const path = useMemo(() => growthOf(view.chart, { born, sex }, tables), [view.chart, born, sex, tables]);
  const today = civilAt(Date.now() / 1000) ?? born;
  const ageDays = ageAt(born, today)?.days ?? 0;
  const young = ageDays <= lastWhoDay;
  const name = (measure: Measure) => (measure === 'length' && young ? w.names.lengthLying : w.names[measure]);
  const points = path.points[chosen];
  return (
    <>
      <PartialNote view={view} />
      <fieldset className="chips" aria-label={w.measure}>
        {measuresFor(ageDays, path).map((measure) => (
          <button
            key={measure}
            type="button"
            aria-pressed={measure === chosen}
            onClick={() => choose(measure)}
          >
            {name(measure)}
          </button>
        ))}
      </fieldset>
      <div className="two">
        <div className="stack">
          {points.length === 0 ? (
            <Nothing view={view} measure={chosen} name={name(chosen)} />
          ) : (
            <>
              <Statement
                view={view}
                born={born}
                sex={sex}
                measure={chosen}
                point={newestPlace(points)}
                newest={points.at(-1) ?? null}
              />
              <Charts
                view={view}
                sex={sex}
                measure={chosen}
                path={path}
                tables={tables}
                name={name(chosen)}
              />
            </>
          )}
        </div>
        <aside className="stack">
          {points.length > 0 ? <GrowthTable measure={chosen} points={points} name={name(chosen)} /> : null}
          <LeftOut view={view} left={path.left[chosen]} />
          <Early path={path} ageDays={ageDays} />
          {sex === null ? <NoSex /> : null}
        </aside>
      </div>
    </>
  );
}

/** Girl or boy is not assumed: which chart fits is asked of the clinic. */
function NoSex() {
  const w = useWords(growthWords);
  return (
    <Note tone="plain" icon={IconHelpCircle} title={w.noSex}>
      {w.noSexText}
    </Note>
  );
}

function Nothing({ view, measure, name }: { view: ChartView; measure: Measure; name: string }) {
  const w = useWords(growthWords);
  const own = { bmi: w.emptyBmi, 'weight-for-length': w.emptyForLength } as const;
  const text = measure === 'bmi' || measure === 'weight-for-length' ? own[measure] : w.emptyText;
  return lacksNothing(view) ? (
    <Empty title={w.emptyTitle(name)}>{text}</Empty>
  ) : (
    <Empty tone="due" icon={IconClock} title={w.emptyPartial(name)}>
      {w.emptyPartialText}
    </Empty>
  );
}

interface ChartsProps {
  readonly view: ChartView;
  readonly sex: GrowthSex | null;
  readonly measure: Measure;
  readonly path: Path;
  readonly tables: GrowthTables;
  readonly name: string;
}

/** The newer chart first. */
function Charts({ view, sex, measure, path, tables, name }: ChartsProps) {
  const w = useWords(growthWords);
  const all = path.points[measure];
  const later = all.filter((point) => point.reference === 'cdc');
  const first = all.filter((point) => point.reference === 'who');
  const both = later.length > 0 && first.length > 0;
  const common = { sex, measure, tables, name, self: view.subject };
  return (
    <>
      {later.length > 0 ? (
        <ChartPanel {...common} points={later} reference="cdc" title={both ? w.fromTwo : null} />
      ) : null}
      {both && measure === 'length' ? (
        <Note tone="plain" icon={IconInfoCircle} title={isOwn(view.subject) ? w.rulerOwn : w.ruler} />
      ) : null}
      {first.length > 0 ? (
        <ChartPanel {...common} points={first} reference="who" title={both ? w.beforeTwo : null} />
      ) : null}
    </>
  );
}

/** Born early: what the dots go by, or that we do not know. */
function Early({ path, ageDays }: { path: Path; ageDays: number }) {
  const w = useWords(growthWords);
  const lang = useLang();
  const corrected = path.points.weight.find((point) => point.corrected > 0)?.corrected ?? 0;
  if (path.gestationUnclear) return <Note tone="due" title={w.earlyUnclear} />;
  if (corrected > 0 && path.gestation !== null) {
    const days = counted(
      lang,
      corrected,
      lang === 'es' ? { one: 'día', other: 'días' } : { one: 'day', other: 'days' },
    );
    const age = { days: Math.floor(path.gestation), months: 0, years: 0 };
    return <Note tone="plain" icon={IconInfoCircle} title={w.early(ageText(lang, age), w.earlyFrom(days))} />;
  }
  return path.gestation === null && ageDays <= lastWhoDay ? (
    <Note tone="plain" icon={IconInfoCircle} title={w.bornEarly} />
  ) : null;
}
