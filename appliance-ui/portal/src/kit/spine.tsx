/** The spine: coloured end-tab of a paper chart, beside every name. The letters carry the meaning, not the hue. */
import type { Subject } from '@relaybox/lib/session/api';
import { kitWords } from '../words/kit.ts';
import { useWords } from './lang.tsx';
import { spineOf } from './tokens.ts';

/** What a spine needs of a person; a `Subject` fits. */
export type SpineOf = Pick<Subject, 'given' | 'family' | 'born' | 'twin'>;

const first = (text: string | null): string => [...(text ?? '').trim()][0]?.toUpperCase() ?? '–';

export function Spine({ who, size = 'std' }: { who: SpineOf; size?: 'std' | 'flat' | 'big' }) {
  const w = useWords(kitWords);
  const upper = first(who.family);
  const lower = first(who.given);
  const name = [who.given, who.family].filter(Boolean).join(' ');
  const label = [who.born ? w.born(name, who.born) : name, who.twin ? w.twin(who.twin) : ''].filter(Boolean);
  return (
    <span className={`spine ${size}`} role="img" aria-label={label.join(', ') || '–'}>
      <i aria-hidden style={{ background: spineOf(upper) }}>
        {upper}
      </i>
      <i aria-hidden style={{ background: spineOf(lower) }}>
        {lower}
        {who.twin ? <sub>{who.twin}</sub> : null}
      </i>
      <i aria-hidden className="yr">
        {who.born?.slice(2, 4) ?? '–'}
      </i>
    </span>
  );
}
