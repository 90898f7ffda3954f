/** Health at a glance: four tiles. Each says what the record says and no more. */

import { dayOf, sortKey } from '@relaybox/lib/clinical/dates';
import { readings } from '@relaybox/lib/clinical/growth-path';
import { conceptText, dateOf } from '@relaybox/lib/clinical/read';
import { poundsAndOunces } from '@relaybox/lib/clinical/units';
import type { Sign } from '@relaybox/lib/clinical/vitals';
import { dateText, numberText } from '@relaybox/lib/i18n/format';
import { at } from '@relaybox/lib/protocol/elements';
import { activeAllergies, contentVersion, type Item, statusOf } from '@relaybox/lib/protocol/fold';
import type { ChartView } from '@relaybox/lib/session/api';
import { type Icon, IconAlertTriangle, IconChartLine, IconEye, IconPill } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { isOwn } from '../app/people.ts';
import { useUnits } from '../app/prefs.ts';
import { useLang, useWords } from '../kit/lang.tsx';
import { homeWords } from '../words/home.ts';
import { shellWords } from '../words/shell.ts';

type To = '/r/$n/health/growth' | '/r/$n/health/allergies' | '/r/$n/health/medicines' | '/r/$n/readers';

function Tile({
  to,
  n,
  icon: Mark,
  title,
  lines,
}: {
  to: To;
  n: string;
  icon: Icon;
  title: string;
  lines: ReactNode[];
}) {
  return (
    <Link className="tile" to={to} params={{ n }}>
      <Mark className="i" size={24} stroke={1.7} aria-hidden />
      <span className="v">{title}</span>
      {lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: at most three lines of text.
        <span key={at} className="cap">
          {line}
        </span>
      ))}
    </Link>
  );
}

/** The newest measurement of a sign that has a day and a certain unit. */
function newest(view: ChartView, sign: Sign): number | null {
  const found = readings(view.chart).flatMap(({ reading }) =>
    reading && reading.sign === sign && reading.number !== null && dayOf(reading.on) !== null
      ? [{ number: reading.number, on: reading.on ? sortKey(reading.on) : '' }]
      : [],
  );
  return found.sort((a, b) => (a.on < b.on ? 1 : -1))[0]?.number ?? null;
}

function useSize(view: ChartView): string | null {
  const units = useUnits();
  const lang = useLang();
  const [kg, cm] = [newest(view, 'weight'), newest(view, 'length')];
  const young =
    (view.subject.born ?? '') > new Date(Date.now() - 2 * 365.25 * 86_400_000).toISOString().slice(0, 10);
  const weight = (): string | null => {
    if (kg === null) return null;
    if (units === 'metric') return `${numberText(lang, kg, kg < 20 ? 2 : 1)} kg`;
    const [pounds, ounces] = poundsAndOunces(kg);
    return young ? `${pounds} lb ${ounces} oz` : `${numberText(lang, kg / 0.45359237, 1)} lb`;
  };
  const length =
    cm === null
      ? null
      : units === 'metric'
        ? `${numberText(lang, cm, 1)} cm`
        : `${numberText(lang, cm / 2.54, 1)} in`;
  const parts = [weight(), length].filter((part) => part !== null);
  return parts.length > 0 ? parts.join(' · ') : null;
}

const named = (item: Item, element: string): string | null =>
  conceptText(at(contentVersion(item)?.record.resource, element));

function useAllergies(view: ChartView): string[] {
  const w = useWords(homeWords);
  const lang = useLang();
  const { allergies } = view.chart;
  if (allergies.state.is === 'none-known')
    return [allergies.state.of.includes('any') ? w.allergyNone : w.allergyNoneDrug];
  if (allergies.state.is !== 'listed') return [w.allergyUnknown];
  const active = activeAllergies(allergies);
  const first = active[0];
  if (!first) return [w.allergyUnknown];
  const resource = contentVersion(first)?.record.resource;
  const reaction = conceptText(at(resource, 'reaction', 0, 'manifestation', 0));
  const when = dateOf(resource, 'reaction.0.onset', 'onsetDateTime');
  return [
    named(first, 'code') ?? '',
    [reaction, when ? dateText(lang, when) : null].filter((part) => part !== null).join(', '),
    active.length > 1 ? w.allergyMore(active.length - 1) : '',
  ].filter((line) => line !== '');
}

function useMedicines(view: ChartView): string[] {
  const w = useWords(homeWords);
  const current = [...view.chart.medications, ...view.chart.prescriptions].filter((item) => {
    const version = contentVersion(item);
    return item.state === 'current' && version !== null && statusOf(version) === 'active';
  });
  const names = [...new Set(current.map((item) => named(item, 'medicationCodeableConcept')))].filter(
    (name) => name !== null,
  );
  if (names.length === 0) return [w.medicinesNone];
  return [...names.slice(0, 2), ...(names.length > 2 ? [w.allergyMore(names.length - 2)] : [])];
}

export function Tiles({ view, n }: { view: ChartView; n: string }) {
  const w = useWords(homeWords);
  const shell = useWords(shellWords);
  const size = useSize(view);
  return (
    <section className="stack s">
      <h2>{isOwn(view.subject) ? w.yourHealth : w.health(view.subject.given ?? shell.noName)}</h2>
      <div className="tiles">
        <Tile
          to="/r/$n/health/growth"
          n={n}
          icon={IconChartLine}
          title={w.growth}
          lines={[size ?? w.growthNone]}
        />
        <Tile
          to="/r/$n/health/allergies"
          n={n}
          icon={IconAlertTriangle}
          title={w.allergies}
          lines={useAllergies(view)}
        />
        <Tile
          to="/r/$n/health/medicines"
          n={n}
          icon={IconPill}
          title={w.medicines}
          lines={useMedicines(view)}
        />
        <Tile to="/r/$n/readers" n={n} icon={IconEye} title={w.readers} lines={[w.readersSub]} />
      </div>
    </section>
  );
}
