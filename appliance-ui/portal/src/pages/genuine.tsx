/** "Is this record genuine?": the four checks in people's words. Works for every record of the chart, not only visits. */
import type { Checked } from '@relaybox/lib/session/api';
import { type Icon, IconCheck, IconClock, IconX } from '@tabler/icons-react';
import { Link, useParams } from '@tanstack/react-router';
import { CompletenessLine } from '../app/completeness.tsx';
import { isStaff } from '../app/people.ts';
import { Back, RecordPage, useSubject } from '../app/record.tsx';
import { useSignerName } from '../app/signer.tsx';
import { useSnapshot } from '../app/store.ts';
import { useWhen } from '../app/when.ts';
import { Empty } from '../kit/empty.tsx';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { Genuine } from '../kit/seal.tsx';
import { recordWords } from '../words/record.ts';
import { shellWords } from '../words/shell.ts';

interface Check {
  readonly is: 'good' | 'bad' | 'simpler';
  readonly title: string;
  readonly sub: string;
}
const marks: Readonly<Record<Check['is'], Icon>> = { good: IconCheck, bad: IconX, simpler: IconClock };

function useChecks(checked: Checked): readonly Check[] {
  const w = useWords(recordWords);
  const shell = useWords(shellWords);
  const when = useWhen();
  const name = useSignerName()(checked.signer);
  const child = useSubject()?.given ?? shell.noName;
  const clinic = useSnapshot()?.practiceName ?? '';
  const { signer, received } = checked;
  const signed: Check = {
    is: received === null ? 'simpler' : 'good',
    title: signer.me ? w.youSignedIt : w.signedBy(name),
    sub: received === null ? w.signedPending : w.signedWhen(when.said(received)),
  };
  const about: Check = { is: 'good', title: w.about(child), sub: w.aboutSub };
  if (checked.marks.former)
    return [{ is: 'simpler', title: w.formerChecked, sub: `${w.formerSub} ${signed.title}.` }, about];
  return [
    signed,
    {
      is: 'good',
      title: isStaff(signer) || signer.role === 'agent' ? w.wasHere(w.roles[signer.role]) : w.wasFamily,
      sub: signer.member ? w.wasListed(clinic) : `${w.wasListed(clinic)}. ${w.leftSince}`,
    },
    about,
    checked.marks.copiesDiffer
      ? { is: 'bad', title: w.copiesDiffer, sub: w.differs }
      : { is: 'good', title: w.unchanged, sub: w.unchangedSub },
  ];
}

function Checks({ checked }: { checked: Checked }) {
  const w = useWords(recordWords);
  const when = useWhen();
  return (
    <Panel title={w.howPhone}>
      <ul className="steps">
        {useChecks(checked).map((check) => {
          const Mark = marks[check.is];
          return (
            <li key={check.title}>
              <span className={`ic ${check.is}`}>
                <Mark size={18} stroke={2.5} aria-hidden />
              </span>
              <span>
                <span className="b block">{check.title}</span>
                <span className="small ink2">{check.sub}</span>
              </span>
            </li>
          );
        })}
      </ul>
      <details className="experts">
        <summary className="lnk">{w.experts}</summary>
        <dl className="kv expert">
          <dt>{w.eventId}</dt>
          <dd className="mono">{checked.id}</dd>
          <dt>{w.signerKey}</dt>
          <dd className="mono">{checked.signer.key}</dd>
          <dt>{w.compartment}</dt>
          <dd className="mono">{checked.compartment}</dd>
          <dt>{w.receivedAt}</dt>
          <dd>{checked.received === null ? '–' : when.moment(checked.received)}</dd>
        </dl>
      </details>
    </Panel>
  );
}

export function IsGenuine() {
  const w = useWords(recordWords);
  const { n = '1', m = '' } = useParams({ strict: false });
  const back = <Back to={`/r/${n}/visits`}>{w.visits}</Back>;
  return (
    <RecordPage title={w.isGenuine} heading={w.isGenuine} back={back}>
      {(view) => {
        const checked = [...view.checked.values()].find((one) => String(one.m) === m);
        if (!checked) return <Empty title={w.noSuch}>{w.noSuchSub}</Empty>;
        const sound = !checked.marks.former && !checked.marks.copiesDiffer && checked.received !== null;
        return (
          <>
            {sound ? (
              <p>
                <Genuine />
              </p>
            ) : null}
            <Checks checked={checked} />
            <CompletenessLine view={view} n={n} />
            <p className="small">
              <Link className="lnk" to="/r/$n/readers" params={{ n }}>
                {w.readers}
              </Link>
            </p>
          </>
        );
      }}
    </RecordPage>
  );
}
