/** What this is, which wording a person has read, where numbers come from, licences. */
import { useEffect, useState } from 'react';
import { Back } from '../app/record.tsx';
import { useTitle } from '../app/title.ts';
import { useWords } from '../kit/lang.tsx';
import { Logo } from '../kit/mark.tsx';
import { Panel } from '../kit/panel.tsx';
import { moreWords } from '../words/more.ts';

interface Counted {
  readonly read: number;
  readonly all: number;
}
interface Wording {
  readonly glossary: Counted;
  readonly ranges: Counted;
  readonly vaccines: Counted;
}
const count = (rows: readonly { readonly reviewed: boolean }[]): Counted => ({
  read: rows.filter((row) => row.reviewed).length,
  all: rows.length,
});

/** The tables are large, so they are fetched for this page alone. */
async function wording(): Promise<Wording> {
  const [{ glossary }, { rangeRows }, { vaccineNames }] = await Promise.all([
    import('@relaybox/lib/clinical/glossary'),
    import('@relaybox/lib/clinical/ranges'),
    import('@relaybox/lib/clinical/vaccine-words'),
  ]);
  return {
    glossary: count(glossary),
    ranges: count(rangeRows),
    vaccines: count(Object.values(vaccineNames)),
  };
}

export function About() {
  const w = useWords(moreWords);
  useTitle(w.about);
  const [counts, setCounts] = useState<Wording | null>(null);
  useEffect(() => {
    let wanted = true;
    void wording().then((found) => wanted && setCounts(found));
    return () => {
      wanted = false;
    };
  }, []);
  const rows = counts
    ? ([
        [w.glossary, counts.glossary],
        [w.ranges, counts.ranges],
        [w.vaccines, counts.vaccines],
      ] as const)
    : [];
  return (
    <>
      <Back to="/more">{w.title}</Back>
      <h1 tabIndex={-1}>{w.aboutHeading}</h1>
      <Panel>
        <div className="stack">
          <Logo />
          <p>{w.aboutWhat}</p>
          <p className="small ink2">
            {w.version} <span className="mono">{__VERSION__}</span>
          </p>
        </div>
      </Panel>
      <Panel title={w.wording}>
        <div className="stack s">
          <p>{w.wordingSay}</p>
          <ul className="stack xs small ink2">
            {rows.map(([what, { read, all }]) => (
              <li key={what}>{w.wordingCount(what, read, all)}</li>
            ))}
          </ul>
        </div>
      </Panel>
      <Panel title={w.sources}>
        <ul className="stack s small">
          {[w.sourceWho, w.sourceCdc, w.sourceSnomed, w.sourceCvx].map((source) => (
            <li key={source}>{source}</li>
          ))}
        </ul>
      </Panel>
      <Panel title={w.licences}>
        <div className="stack s">
          <p>{w.licencesSay}</p>
          <p className="small ink2">{w.fonts}</p>
          <p>
            <a className="lnk" href="/licences.txt" target="_blank" rel="noreferrer">
              {w.licencesLink}
            </a>
          </p>
        </div>
      </Panel>
    </>
  );
}
