/** Skeleton: nothing for half a second, then grey bars of the true layout and one sentence. */
import { useEffect, useState } from 'react';
import { kitWords } from '../words/kit.ts';
import { useWords } from './lang.tsx';

export function useLate(ms = 500): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return late;
}

const widths = ['62%', '48%', '70%', '55%', '66%', '44%'] as const;

/** `records`: how many are being opened, where it is known. */
export function Skeleton({ rows = 3, records }: { rows?: number; records?: number | null }) {
  const w = useWords(kitWords);
  const late = useLate();
  if (!late) return <div className="skelwait" aria-busy="true" />;
  return (
    <section className="panel" aria-busy="true">
      <div className="lines" role="status">
        {widths.slice(0, rows).map((width) => (
          <div className="li" key={width}>
            <span className="grow stack xs">
              <span className="skel" style={{ width }} />
              <span className="skel" style={{ width: '38%' }} />
            </span>
          </div>
        ))}
        <p className="small ink2 skelsay">{records ? w.openingCount(records) : w.opening}</p>
      </div>
    </section>
  );
}
