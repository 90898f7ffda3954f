/** The clinics of this person: which is open, go to another, add one by its access sheet, remove one. */
import { Button } from '@mantine/core';
import type { PracticeAddress } from '@relaybox/lib/session/api';
import { IconBuildingHospital } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Back } from '../app/record.tsx';
import { currentSession, useSnapshot } from '../app/store.ts';
import { useTitle } from '../app/title.ts';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { Tag } from '../kit/tag.tsx';
import { AddressForm } from '../login/clinic-step.tsx';
import { moreWords } from '../words/more.ts';

const hostOf = (address: PracticeAddress) => address.relay.replace(/^wss?:\/\//, '');

interface RowProps {
  readonly address: PracticeAddress;
  readonly name: string;
  readonly current: boolean;
  readonly busy: boolean;
  readonly onEnter: () => void;
  readonly onLeave: () => void;
}

function Row({ address, name, current, busy, onEnter, onLeave }: RowProps) {
  const w = useWords(moreWords);
  const [asking, setAsking] = useState(false);
  return (
    <li className="practice">
      <div className="li">
        <IconBuildingHospital size={26} stroke={1.6} className="tint" aria-hidden />
        <span className="grow">
          <span className="ti block">{name}</span>
          <span className="cap wrapall">{hostOf(address)}</span>
        </span>
        {current ? <Tag tone="good">{w.current}</Tag> : null}
      </div>
      {current ? null : (
        <div className="row wrap practiceacts">
          <Button variant="default" disabled={busy} onClick={onEnter} aria-label={`${w.goTo}: ${name}`}>
            {w.goTo}
          </Button>
          {asking ? null : (
            <Button variant="subtle" disabled={busy} onClick={() => setAsking(true)}>
              {w.remove}
            </Button>
          )}
        </div>
      )}
      {asking ? (
        <div className="practiceacts">
          <Note
            tone="plain"
            title={w.remove}
            actions={
              <>
                <Button variant="default" className="destroy" disabled={busy} onClick={onLeave}>
                  {w.removeYes(name)}
                </Button>
                <Button variant="subtle" onClick={() => setAsking(false)}>
                  {w.keepIt}
                </Button>
              </>
            }
          >
            {w.removeSay(name)}
          </Note>
        </div>
      ) : null}
    </li>
  );
}

export function Practices() {
  const w = useWords(moreWords);
  useTitle(w.practices);
  const now = useSnapshot();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  const run = async (deed: () => Promise<void> | undefined, then?: () => void) => {
    setBusy(true);
    setFailed(false);
    try {
      await deed();
      then?.();
    } catch {
      setFailed(true);
    }
    setBusy(false);
  };
  const enter = (address: PracticeAddress) =>
    run(
      () => currentSession()?.enter(address),
      () => void navigate({ to: '/' }),
    );
  const nameOf = (address: PracticeAddress) =>
    address.practice === now?.practice.practice ? now.practiceName : (address.name ?? hostOf(address));
  return (
    <>
      <Back to="/more">{w.title}</Back>
      <h1 tabIndex={-1}>{w.practicesHeading}</h1>
      {failed ? (
        <Note tone="due" title={w.enterFailed} role="alert">
          {w.enterFailedSub}
        </Note>
      ) : null}
      <Panel flush>
        <ul className="lines">
          {now?.practices.map((address) => (
            <Row
              key={address.practice}
              address={address}
              name={nameOf(address)}
              current={address.practice === now.practice.practice}
              busy={busy}
              onEnter={() => void enter(address)}
              onLeave={() => void run(() => currentSession()?.leave(address.practice))}
            />
          ))}
        </ul>
      </Panel>
      <Panel title={w.add}>
        <div className="stack">
          <p className="ink2">{w.addSay}</p>
          <AddressForm onAddress={(address) => void enter(address)} />
        </div>
      </Panel>
    </>
  );
}
