/**
 * After the first opening: three screens about the key, then a passkey with its locked copy. The passkey counts only
 * once the person says that the copy lies elsewhere; leaving this page drops what was begun.
 */
import { Button, Checkbox } from '@mantine/core';
import type { PasskeyInMaking } from '@relaybox/lib/login/api';
import { IconFingerprint } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { currentSession, useSnapshot } from '../app/store.ts';
import { useTitle } from '../app/title.ts';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { loginWords } from '../words/login.ts';
import { Sent } from './enrol.tsx';
import { enrolledAs } from './enrolled.ts';
import { Failure } from './failure.tsx';
import { Frame } from './frame.tsx';
import { CopyPassword, LockedCopy } from './locked-copy.tsx';
import { codeOf, type Failed } from './open.ts';
import { ways } from './ways.ts';

function Lesson({ onDone }: { onDone: () => void }) {
  const w = useWords(loginWords);
  const [at, setAt] = useState(0);
  const heading = useRef<HTMLHeadingElement>(null);
  const screens = [w.lessons.one, w.lessons.two, w.lessons.three];
  const screen = screens[at];
  const next = () => {
    if (at === screens.length - 1) return onDone();
    setAt(at + 1);
    heading.current?.focus();
  };
  return screen ? (
    <>
      <p className="cap">
        {w.lesson} · {w.step(at + 1, screens.length)}
      </p>
      <h1 className="big" tabIndex={-1} ref={heading}>
        {screen.title}
      </h1>
      <p className="read lesson">{screen.text}</p>
      <div className="row wrap">
        <Button size="lg" onClick={next}>
          {w.next}
        </Button>
        <Button size="lg" variant="subtle" onClick={onDone}>
          {w.skip}
        </Button>
      </div>
    </>
  ) : null;
}

function Offer({ onMade, onSkip }: { onMade: (passkey: PasskeyInMaking) => void; onSkip: () => void }) {
  const w = useWords(loginWords);
  const clinic = useSnapshot()?.practiceName ?? 'Relaybox';
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Failed>(null);
  const make = async () => {
    const session = currentSession();
    if (!session) return;
    setBusy(true);
    setFailed(null);
    try {
      onMade(await (await ways()).makePasskey(session, clinic));
    } catch (error) {
      setFailed(codeOf(error));
      setBusy(false);
    }
  };
  return (
    <>
      <h1 tabIndex={-1}>{w.passkeyOffer}</h1>
      <p className="ink2">{w.passkeyOfferSay}</p>
      <p className="small ink2">{w.noPin}</p>
      <Failure failed={failed} way="passkey" />
      <Button
        size="xl"
        fullWidth
        className="tall"
        loading={busy}
        leftSection={<IconFingerprint size={26} aria-hidden />}
        onClick={make}
      >
        {w.makePasskey}
      </Button>
      <div className="stack xs">
        <Button variant="default" fullWidth onClick={onSkip}>
          {w.notNow}
        </Button>
        <p className="small ink2">{w.notNowSub}</p>
      </div>
    </>
  );
}

function Copy({ copy, passkey, onDone }: { copy: string; passkey: PasskeyInMaking; onDone: () => void }) {
  const w = useWords(loginWords);
  const [kept, setKept] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  const finish = async () => {
    setBusy(true);
    try {
      await passkey.keep();
      onDone();
    } catch {
      setFailed(true);
      setBusy(false);
    }
  };
  return (
    <>
      <h1 tabIndex={-1}>{w.copyTitle}</h1>
      <Panel>
        <LockedCopy copy={copy} />
      </Panel>
      <Checkbox label={w.kept} checked={kept} onChange={(event) => setKept(event.currentTarget.checked)} />
      {failed ? (
        <Note tone="due" title={w.passkeyFailed} role="alert">
          {w.passkeyFailedSub}
        </Note>
      ) : null}
      <Button size="lg" fullWidth disabled={!kept} loading={busy} onClick={finish}>
        {w.finish}
      </Button>
    </>
  );
}

type Step = 'lesson' | 'offer' | 'password' | 'copy';

export function Keep() {
  const w = useWords(loginWords);
  useTitle(w.lesson);
  const navigate = useNavigate();
  const waits = enrolledAs(useSnapshot()?.me.key);
  const [seen, setSeen] = useState(false);
  const [step, setStep] = useState<Step>('lesson');
  const [copy, setCopy] = useState('');
  const making = useRef<PasskeyInMaking | null>(null);
  useEffect(() => () => making.current?.drop(), []);
  const leave = () => void navigate({ to: '/', replace: true });
  const passkey = making.current;
  return (
    <Frame>
      {waits && !seen ? <Sent enrolled={waits} onDone={() => setSeen(true)} /> : null}
      {step === 'lesson' && (!waits || seen) ? <Lesson onDone={() => setStep('offer')} /> : null}
      {step === 'offer' ? (
        <Offer
          onSkip={leave}
          onMade={(made) => {
            making.current = made;
            setStep('password');
          }}
        />
      ) : null}
      {step === 'password' && passkey ? (
        <>
          <h1 tabIndex={-1}>{w.backupTitle}</h1>
          <CopyPassword
            make={(password) => passkey.backUp(password)}
            onCopy={(text) => {
              setCopy(text);
              setStep('copy');
            }}
          />
        </>
      ) : null}
      {step === 'copy' && passkey ? (
        <Copy
          copy={copy}
          passkey={passkey}
          onDone={() => {
            making.current = null;
            leave();
          }}
        />
      ) : null}
    </Frame>
  );
}
