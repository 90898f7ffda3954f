/**
 * After the first opening: three screens about the key, then a passkey with its locked copy. The passkey counts only
 * once the person says that the copy lies elsewhere; leaving this page drops what was begun.
 */
import { Button, Checkbox } from '@mantine/core';
import type { PasskeyInMaking } from '@relaybox/lib/login/api';
import { IconCopy, IconFileDownload, IconFingerprint, IconPrinter } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { type SyntheticEvent, useEffect, useRef, useState } from 'react';
import { currentSession, useSnapshot } from '../app/store.ts';
import { useTitle } from '../app/title.ts';
import { Field } from '../kit/field.tsx';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { Qr } from '../kit/qr.tsx';
import { loginWords } from '../words/login.ts';
import { Failure } from './failure.tsx';
import { Frame } from './frame.tsx';
import { codeOf, type Failed } from './open.ts';
import { ways } from './ways.ts';

const least = 12;

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

function Password({ passkey, onCopy }: { passkey: PasskeyInMaking; onCopy: (copy: string) => void }) {
  const w = useWords(loginWords);
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  const [wrong, setWrong] = useState<'short' | 'differs' | null>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Failed>(null);
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    const fault = [...first].length < least ? 'short' : first === second ? null : 'differs';
    setWrong(fault);
    if (fault) return;
    setBusy(true);
    try {
      onCopy(await passkey.backUp(first));
    } catch (error) {
      setFailed(codeOf(error));
      setBusy(false);
    }
  };
  return (
    <form className="stack" onSubmit={submit}>
      <h1 tabIndex={-1}>{w.backupTitle}</h1>
      <p className="ink2">{w.backupSay}</p>
      <Field
        label={w.newPassword}
        help={w.newPasswordHelp}
        error={wrong === 'short' ? w.short : null}
        type="password"
        autoComplete="new-password"
        value={first}
        onText={setFirst}
        refusal={w.secretHere}
      />
      <Field
        label={w.repeat}
        error={wrong === 'differs' ? w.differs : null}
        type="password"
        autoComplete="new-password"
        value={second}
        onText={setSecond}
        refusal={w.secretHere}
      />
      <Failure failed={failed} way="key" />
      <Button type="submit" size="lg" fullWidth loading={busy}>
        {w.makeCopy}
      </Button>
    </form>
  );
}

function save(text: string): void {
  const url = URL.createObjectURL(new Blob([`${text}\n`], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'locked-key.txt';
  link.click();
  URL.revokeObjectURL(url);
}

function Copy({ copy, passkey, onDone }: { copy: string; passkey: PasskeyInMaking; onDone: () => void }) {
  const w = useWords(loginWords);
  const [kept, setKept] = useState(false);
  const [copied, setCopied] = useState(false);
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
      <p className="ink2">{w.copySay}</p>
      <Panel>
        <div className="stack">
          <div className="qr lockedqr">
            <Qr text={copy.toUpperCase()} label={w.copyQr} />
          </div>
          <p className="mono small wrapall">{copy}</p>
          <div className="row wrap noprint">
            <Button
              variant="default"
              leftSection={<IconCopy size={18} aria-hidden />}
              onClick={() => navigator.clipboard.writeText(copy).then(() => setCopied(true))}
            >
              {w.copyText}
            </Button>
            <Button
              variant="default"
              leftSection={<IconFileDownload size={18} aria-hidden />}
              onClick={() => save(copy)}
            >
              {w.copyFile}
            </Button>
            <Button
              variant="default"
              leftSection={<IconPrinter size={18} aria-hidden />}
              onClick={() => print()}
            >
              {w.print}
            </Button>
          </div>
          {copied ? (
            <p className="small ink2" role="status">
              {w.copied}
            </p>
          ) : null}
        </div>
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
  const [step, setStep] = useState<Step>('lesson');
  const [copy, setCopy] = useState('');
  const making = useRef<PasskeyInMaking | null>(null);
  useEffect(() => () => making.current?.drop(), []);
  const leave = () => void navigate({ to: '/', replace: true });
  const passkey = making.current;
  return (
    <Frame>
      {step === 'lesson' ? <Lesson onDone={() => setStep('offer')} /> : null}
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
        <Password
          passkey={passkey}
          onCopy={(text) => {
            setCopy(text);
            setStep('copy');
          }}
        />
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
