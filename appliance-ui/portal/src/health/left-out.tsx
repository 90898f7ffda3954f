/** Measurements that are no dots, each with its reason: nothing disappears from a chart without a word. */
import type { NotAPoint } from '@relaybox/lib/clinical/growth-path';
import { readingOf } from '@relaybox/lib/clinical/vitals';
import type { ChartView } from '@relaybox/lib/session/api';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { TwoVersions } from './parts.tsx';
import { commonWords } from './words/common.ts';
import { growthWords } from './words/growth.ts';

export function LeftOut({ view, left }: { view: ChartView; left: readonly NotAPoint[] }) {
  const w = useWords(growthWords);
  const c = useWords(commonWords);
  const two = left.filter(({ why }) => why === 'conflict').map(({ item }) => item);
  const rest = left.filter(({ why }) => why !== 'conflict');
  return (
    <>
      <TwoVersions view={view} items={two} say={(resource) => readingOf(resource).text} />
      {rest.length > 0 ? (
        <Note tone="plain" title={c.notOnChart}>
          <ul className="stack xs">
            {rest.map(({ item, reading, why }) => (
              <li key={item.id}>
                {why === 'unit' ? w.leftUnit(reading?.text ?? '–') : w.leftDate(reading?.text ?? '–')}
              </li>
            ))}
          </ul>
        </Note>
      ) : null}
    </>
  );
}
