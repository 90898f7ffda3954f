/** Whether all is here, what waits for its receipt, and the way to what is kept apart. */
import type { ChartView } from '@relaybox/lib/session/api';
import { IconClock, IconShieldX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { commonWords } from '../health/words/common.ts';
import { Chev } from '../kit/chev.tsx';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { Spine } from '../kit/spine.tsx';
import { recordWords } from '../words/record.ts';
import { lacksNothing, useMissing } from './missing.ts';

/** Above a list that may lack something, so that what is missing is not read as "none". */
export function PartialNote({ view }: { view: ChartView }) {
  const missing = useMissing(view);
  return lacksNothing(view) ? null : <Unsure>{missing}</Unsure>;
}

export function Unsure({ children }: { children?: ReactNode }) {
  const w = useWords(commonWords);
  return (
    <Note tone="due" icon={IconClock} title={w.unsure} role="status">
      {children}
    </Note>
  );
}

/** What is kept apart in any record of the family, each with the way there. */
export function FamilyApart({ views }: { views: readonly (ChartView | null)[] }) {
  const w = useWords(recordWords);
  const some = views.flatMap((view) => (view && view.apart.length > 0 ? [view] : []));
  return some.length === 0 ? null : (
    <Panel flush>
      <div className="lines">
        {some.map(({ subject, apart }) => (
          <Link className="li" key={subject.key} to="/r/$n/apart" params={{ n: String(subject.n) }}>
            <Spine who={subject} />
            <span className="grow">
              <span className="ti block">{w.apartCount(apart.length)}</span>
              <span className="small ink2">{w.howChecked}</span>
            </span>
            <Chev />
          </Link>
        ))}
      </div>
    </Panel>
  );
}

export interface CompletenessProps {
  readonly view: ChartView;
  readonly n: string;
  /** The page has said above what may be missing. */
  readonly brief?: boolean;
}

export function CompletenessLine({ view, n, brief = false }: CompletenessProps) {
  const w = useWords(recordWords);
  const { k, n: all, destroyed } = view.completeness;
  const missing = useMissing(view);
  const say =
    all === null
      ? w.completeUnknown(k)
      : k + destroyed >= all
        ? w.completeAll(k)
        : `${w.completePart(k, all - destroyed)} ${brief ? '' : (missing ?? '')}`.trim();
  return (
    <>
      {view.apart.length > 0 ? (
        <Panel flush>
          <Link className="li" to="/r/$n/apart" params={{ n }}>
            <IconShieldX size={24} stroke={1.6} className="stop" aria-hidden />
            <span className="grow">
              <span className="ti block">{w.apartCount(view.apart.length)}</span>
              <span className="small ink2">{w.howChecked}</span>
            </span>
            <Chev />
          </Link>
        </Panel>
      ) : null}
      <p className="cap">
        {say}
        {destroyed > 0 ? ` ${w.destroyed(destroyed)}` : ''}
        {view.pending > 0 ? ` ${w.waitingReceipt(view.pending)}` : ''}
      </p>
    </>
  );
}
