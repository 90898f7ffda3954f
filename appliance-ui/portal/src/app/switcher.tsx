/** Family switcher: spine, first name, age; last is "You". "Limited" follows from the age rule alone, never from
 * whether a confidential record exists. */
import { ageText } from '@relaybox/lib/i18n/format';
import type { Subject } from '@relaybox/lib/session/api';
import { Link, useRouterState } from '@tanstack/react-router';
import { useLang, useWords } from '../kit/lang.tsx';
import { Spine } from '../kit/spine.tsx';
import { shellWords } from '../words/shell.ts';
import { paths } from './paths.ts';
import { ageOf, limitedFrom } from './people.ts';
import { useSnapshot } from './store.ts';

type Section = Exclude<Extract<(typeof paths)[number], `/r/$n${string}`>, `${string}$m${string}`>;
const sections = paths.filter((path): path is Section => path.startsWith('/r/$n') && !path.includes('$m'));

/** The page of the same section for another child: never the same record, whose number means nothing there. */
export const sectionOf = (path: string | undefined): Section =>
  path?.startsWith('/r/$n/visits') ? '/r/$n/visits' : (sections.find((one) => one === path) ?? '/r/$n');

function Under({ who }: { who: Subject }) {
  const w = useWords(shellWords);
  const lang = useLang();
  if (who.access.is === 'ended') return <span className="ag">{w.endedShort}</span>;
  if (who.access.is === 'waits') return <span className="ag">{w.waits}</span>;
  const age = ageOf(who, Date.now() / 1000);
  if (!age) return null;
  const limited = who.standing === 'guardian' && age.years >= limitedFrom;
  return <span className="ag">{limited ? w.limited(String(age.years)) : ageText(lang, age)}</span>;
}

/** The mark of the chosen child is ours: the router would also mark the parent of every page. */
const exactly = { exact: true, includeSearch: false } as const;

export function Switcher({ on }: { on: number }) {
  const w = useWords(shellWords);
  const now = useSnapshot();
  const section = useRouterState({ select: (state) => sectionOf(state.matches.at(-1)?.fullPath) });
  if (!now || now.subjects.length === 0) return null;
  // Who reads only the own record needs no choice.
  if (now.subjects.length === 1 && now.subjects[0]?.standing !== 'guardian') return null;
  return (
    <nav className="switch" aria-label={w.whose}>
      {now.subjects.map((who) => (
        <Link
          key={who.n}
          activeOptions={exactly}
          to={section}
          params={{ n: String(who.n) }}
          aria-current={who.n === on ? 'true' : undefined}
        >
          <Spine who={who} />
          <span>
            <span className="nm">{who.given ?? w.noName}</span>
            <Under who={who} />
          </span>
        </Link>
      ))}
      <Link to="/keys">
        <span>
          <span className="nm">{w.you}</span>
          <span className="ag">{w.yourKey}</span>
        </span>
      </Link>
    </nav>
  );
}
