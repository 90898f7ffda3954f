/** Kept apart: what arrived and failed a check. The reason is said, the content never is. */
import type { Apart } from '@relaybox/lib/session/api';
import { IconCheck } from '@tabler/icons-react';
import { useParams } from '@tanstack/react-router';
import { Back, RecordPage, useSubject } from '../app/record.tsx';
import { useWhen } from '../app/when.ts';
import { Empty } from '../kit/empty.tsx';
import { useWords } from '../kit/lang.tsx';
import { State } from '../kit/tag.tsx';
import { recordWords } from '../words/record.ts';
import { shellWords } from '../words/shell.ts';

function useKind(): (kind: number) => string {
  const w = useWords(recordWords);
  return (kind) => Object.entries(w.kinds).find(([number]) => number === String(kind))?.[1] ?? w.anyKind;
}

function One({ of }: { of: Apart }) {
  const w = useWords(recordWords);
  const when = useWhen();
  const kind = useKind();
  const damaged = of.reason === 'body';
  return (
    <li className={damaged ? 'panel edgehatch grey' : 'panel edgehatch stop'}>
      <State is={damaged ? 'damaged' : 'unverified'} />
      <h2>{w.entry(kind(of.kind), of.received === null ? null : when.day(of.received))}</h2>
      <p className="small ink2">{w.reasons[of.reason]}</p>
    </li>
  );
}

export function KeptApart() {
  const w = useWords(recordWords);
  const shell = useWords(shellWords);
  const { n = '1' } = useParams({ strict: false });
  const who = useSubject()?.given ?? shell.noName;
  return (
    <RecordPage title={w.apart} heading={w.apartHeading} back={<Back to={`/r/${n}/visits`}>{w.visits}</Back>}>
      {(view) =>
        view.apart.length === 0 ? (
          <Empty icon={IconCheck} tone="good" title={w.apartNone}>
            {view.pending > 0 ? `${w.waitingReceipt(view.pending)}.` : w.apartNoneSub}
          </Empty>
        ) : (
          <>
            <p className="ink2">{w.apartSay(who)}</p>
            <ul className="stack">
              {view.apart.map((one) => (
                <One key={one.id} of={one} />
              ))}
            </ul>
            <p className="small ink2">{w.apartTell}</p>
          </>
        )
      }
    </RecordPage>
  );
}
