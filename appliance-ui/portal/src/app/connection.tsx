/** What the connection means for the reader: the offline bar with the time of the copy, and why a box refused. */
import type { Snapshot } from '@relaybox/lib/session/api';
import {
  IconCloudOff,
  IconDeviceMobileOff,
  IconHourglass,
  IconKeyOff,
  IconRefresh,
  IconShieldX,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { useLate } from '../kit/skeleton.tsx';
import { enrolledAs } from '../login/enrolled.ts';
import { shellWords } from '../words/shell.ts';
import { useWhen } from './when.ts';

type Words = (typeof shellWords)['en'];

function OfflineBar({ now }: { now: Snapshot }) {
  const w = useWords(shellWords);
  const when = useWhen();
  if (now.connection.is !== 'offline') return null;
  const box = now.connection.why === 'box';
  return (
    <div className="offbar" role="status">
      <IconCloudOff size={22} aria-hidden />
      <span>{sayOffline(w, now, box, now.heard === null ? null : when.said(now.heard))}</span>
    </div>
  );
}

/** What is here and when it was all, and whether it is still here after the page has been closed. */
function sayOffline(w: Words, { keeps, elsewhere, subjects }: Snapshot, box: boolean, when: string | null) {
  const kept = keeps || elsewhere;
  if (when === null)
    return subjects.length === 0 ? w.offlineNothing : kept ? w.offlinePart : w.offlinePartOpen;
  if (!kept) return box ? w.boxAwayOpen(when) : w.offlineOpen(when);
  return box ? w.boxAway(when) : w.offline(when);
}

function Refused({ now }: { now: Snapshot }) {
  const w = useWords(shellWords);
  if (now.connection.is !== 'refused') return null;
  const { why, said } = now.connection;
  const code = <span className="mono cap code">{said}</span>;
  const waits = enrolledAs(now.me.key);
  if (why === 'unknown-key' && waits)
    return (
      <Note tone="plain" icon={IconHourglass} title={w.keyWaits} role="status">
        {w.keyWaitsSub} <strong>{waits.words.join(' · ')}</strong>
      </Note>
    );
  if (why === 'unknown-key')
    return (
      <Note
        tone="plain"
        icon={IconKeyOff}
        title={w.unknownKey(now.practiceName)}
        role="alert"
        actions={
          <Link className="lnk" to="/keys">
            {w.showKey}
          </Link>
        }
      >
        {w.unknownKeySub}
      </Note>
    );
  if (why === 'ended')
    return (
      <Note tone="plain" icon={IconKeyOff} title={w.keyEnded} role="alert">
        {w.keyEndedSub}
      </Note>
    );
  if (why === 'other-practice')
    return (
      <Note tone="stop" icon={IconShieldX} title={w.otherPractice} role="alert">
        {w.otherPracticeSub}
      </Note>
    );
  const title = { clock: w.clock, login: w.login, rate: w.rate, internal: w.internal }[why];
  const sub = { clock: w.clockSub, login: w.loginSub, rate: w.rateSub, internal: w.internalSub }[why];
  return (
    <Note tone="due" {...(why === 'clock' ? {} : { icon: IconRefresh })} title={title} role="alert">
      {sub} {why === 'internal' || why === 'login' ? code : null}
    </Note>
  );
}

function Connecting() {
  const w = useWords(shellWords);
  return useLate(1500) ? (
    <p className="small ink2" role="status">
      {w.connecting}
    </p>
  ) : null;
}

/** At most one bar about the connection, then what limits this device. */
export function Connection({ now }: { now: Snapshot }) {
  const w = useWords(shellWords);
  return (
    <>
      {now.connection.is === 'connecting' ? <Connecting /> : null}
      <OfflineBar now={now} />
      <Refused now={now} />
      {now.policyWhole ? null : (
        <Note tone="due" title={w.policyHole} role="status">
          {w.policyHoleSub}
        </Note>
      )}
      {now.removed ? (
        <Note
          tone="due"
          icon={IconDeviceMobileOff}
          title={w.removed}
          role="alert"
          actions={
            <Link className="lnk" to="/in/keep">
              {w.makePasskey}
            </Link>
          }
        >
          {w.removedSub}
        </Note>
      ) : null}
      {now.elsewhere ? (
        <Note tone="info" title={w.elsewhere} role="status">
          {w.elsewhereSub}
        </Note>
      ) : null}
      {now.keeps || now.elsewhere || !now.passkey ? null : (
        <Note tone="due" title={w.noRoom} role="status">
          {w.noRoomSub}
        </Note>
      )}
    </>
  );
}
