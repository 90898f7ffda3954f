/** A key waits at the clinic: for whom it is, its four words once it is there, and why a sheet let none in. */
import { Button } from '@mantine/core';
import type { Enrolled } from '@relaybox/lib/login/api';
import type { KeyRole } from '@relaybox/lib/protocol/keys';
import { IconCalendarOff, IconUser, IconUserHeart, IconUsersGroup } from '@tabler/icons-react';
import { useWhen } from '../app/when.ts';
import { Chev } from '../kit/chev.tsx';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { keyWords } from '../words/key.ts';
import { loginWords } from '../words/login.ts';
import { Failure } from './failure.tsx';
import type { Failed } from './open.ts';

export type Who = Extract<KeyRole, 'guardian' | 'subject' | 'own'>;
const whos = [
  ['guardian', IconUsersGroup],
  ['subject', IconUser],
  ['own', IconUserHeart],
] as const;

export function WhoStep({ clinic, onWho }: { clinic: string; onWho: (who: Who) => void }) {
  const w = useWords(keyWords);
  return (
    <Panel title={w.who} flush>
      <p className="small ink2 panelsay">{w.whoSay(clinic)}</p>
      <div className="lines">
        {whos.map(([who, Mark]) => (
          <button key={who} type="button" className="li" onClick={() => onWho(who)}>
            <Mark size={26} stroke={1.6} className="tint" aria-hidden />
            <span className="grow">
              <span className="ti block">{w[who]}</span>
              <span className="small ink2">{w[`${who}Sub`]}</span>
            </span>
            <Chev />
          </button>
        ))}
      </div>
    </Panel>
  );
}

/** The four words, for the person at the desk. */
export function Sent({ enrolled, onDone }: { enrolled: Enrolled; onDone: () => void }) {
  const w = useWords(keyWords);
  const login = useWords(loginWords);
  const when = useWhen();
  return (
    <>
      <h1 tabIndex={-1}>{w.sent}</h1>
      <p className="ink2">{w.sentSay}</p>
      <Panel>
        <p className="fourwords large">{enrolled.words.join(' · ')}</p>
      </Panel>
      <p className="small ink2">{w.sentUntil(when.moment(enrolled.until))}</p>
      <Button size="lg" fullWidth onClick={onDone}>
        {login.goOn}
      </Button>
    </>
  );
}

/** Why the clinic's box did not take the key. */
export function NotSent({ failed }: { failed: Failed }) {
  const w = useWords(keyWords);
  if (failed === 'invalid')
    return (
      <Note tone="due" icon={IconCalendarOff} title={w.sheetOver} role="alert">
        {w.sheetOverSub}
      </Note>
    );
  if (failed === 'wrong-key')
    return (
      <Note tone="plain" title={w.known} role="alert">
        {w.knownSub}
      </Note>
    );
  if (failed === 'internal')
    return (
      <Note tone="stop" title={w.otherWords} role="alert">
        {w.otherWordsSub}
      </Note>
    );
  return <Failure failed={failed} way="key" />;
}
