/** A teenager's own page: who sees what, with the one exception. Counts what is private; a guardian never gets here. */

import { listText } from '@relaybox/lib/i18n/format';
import { items } from '@relaybox/lib/protocol/fold';
import { kinds } from '@relaybox/lib/protocol/kinds';
import type { ChartView } from '@relaybox/lib/session/api';
import { IconEye, IconLock } from '@tabler/icons-react';
import { useLang, useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { homeWords } from '../words/home.ts';

function usePrivate(view: ChartView): string | null {
  const w = useWords(homeWords);
  const lang = useLang();
  const closed = items(view.chart).filter(
    (item) =>
      item.state !== 'withdrawn' && item.versions.some(({ record }) => record.compartment === 'confidential'),
  );
  const count = (...of: readonly number[]) => closed.filter((item) => of.includes(item.kind)).length;
  const visits = count(kinds.encounter);
  const medicines = count(kinds.medication, kinds.prescription);
  const letters = count(kinds.message);
  const other = closed.length - visits - medicines - letters;
  const parts = [
    visits > 0 ? w.privateVisits(visits) : null,
    medicines > 0 ? w.privateMedicines(medicines) : null,
    letters > 0 ? w.privateLetters(letters) : null,
    other > 0 ? w.privateOther(other) : null,
  ].filter((part) => part !== null);
  return parts.length > 0 ? listText(lang, parts) : null;
}

export function WhoSees({ view }: { view: ChartView }) {
  const w = useWords(homeWords);
  const closed = usePrivate(view);
  return (
    <Panel title={w.whoSees}>
      <div className="stack s">
        <div className="see">
          <IconEye size={22} stroke={1.7} aria-hidden />
          <div>
            <p className="b">{w.sharedTitle}</p>
            <p className="small ink2">{w.sharedSub}</p>
          </div>
        </div>
        <div className="see priv">
          <IconLock size={22} stroke={1.7} aria-hidden />
          <div>
            <p className="b">{w.privateTitle}</p>
            <p className="small">{closed ? w.privateSome(closed) : w.privateNone}</p>
          </div>
        </div>
        <p className="small ink2">{w.exception}</p>
        <p className="small ink2">{w.keepKey}</p>
      </div>
    </Panel>
  );
}
