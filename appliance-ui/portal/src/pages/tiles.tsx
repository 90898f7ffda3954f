/** Health at a glance: four tiles, with the facts of the health page. */
import type { ChartView } from '@relaybox/lib/session/api';
import { type Icon, IconAlertTriangle, IconChartLine, IconEye, IconPill } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { isOwn } from '../app/people.ts';
import { useFacts } from '../health/health.tsx';
import { useWords } from '../kit/lang.tsx';
import { homeWords } from '../words/home.ts';
import { shellWords } from '../words/shell.ts';

type To = '/r/$n/health/growth' | '/r/$n/health/allergies' | '/r/$n/health/medicines' | '/r/$n/readers';

interface TileProps {
  readonly to: To;
  readonly n: string;
  readonly icon: Icon;
  readonly title: string;
  readonly children: ReactNode;
}

function Tile({ to, n, icon: Mark, title, children }: TileProps) {
  return (
    <Link className="tile" to={to} params={{ n }}>
      <Mark className="i" size={24} stroke={1.7} aria-hidden />
      <span className="v">{title}</span>
      <span className="cap">{children}</span>
    </Link>
  );
}

export function Tiles({ view, n }: { view: ChartView; n: string }) {
  const w = useWords(homeWords);
  const shell = useWords(shellWords);
  const facts = useFacts(view);
  return (
    <section className="stack s">
      <h2>{isOwn(view.subject) ? w.yourHealth : w.health(view.subject.given ?? shell.noName)}</h2>
      <div className="tiles">
        <Tile to="/r/$n/health/growth" n={n} icon={IconChartLine} title={w.growth}>
          {facts.growth}
        </Tile>
        <Tile to="/r/$n/health/allergies" n={n} icon={IconAlertTriangle} title={w.allergies}>
          {facts.allergies}
        </Tile>
        <Tile to="/r/$n/health/medicines" n={n} icon={IconPill} title={w.medicines}>
          {facts.medicines}
        </Tile>
        <Tile to="/r/$n/readers" n={n} icon={IconEye} title={w.readers}>
          {w.readersSub}
        </Tile>
      </div>
    </section>
  );
}
