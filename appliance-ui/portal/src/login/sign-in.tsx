/** The door: language first, one button, the first visit, more ways. Here too after a lock. */
import { Button } from '@mantine/core';
import type { Here } from '@relaybox/lib/login/api';
import {
  IconAlertTriangle,
  IconChevronDown,
  IconFingerprint,
  IconKey,
  IconLock,
  IconQrcode,
  IconUsb,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { whyClosed } from '../app/store.ts';
import { Chev } from '../kit/chev.tsx';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { loginWords } from '../words/login.ts';
import { BoxState } from './box-state.tsx';
import { useLoginTitle } from './clinic.ts';
import { Demo } from './demo.tsx';
import { Failure } from './failure.tsx';
import { Frame } from './frame.tsx';
import { useOpening } from './open.ts';
import { ways } from './ways.ts';

function WhyHere({ passkey }: { passkey: boolean }) {
  const w = useWords(loginWords);
  const why = whyClosed();
  if (why === 'never') return null;
  if (why === 'forgotten')
    return (
      <Note tone="plain" title={w.forgotten} role="status">
        {w.forgottenSub}
      </Note>
    );
  const title = { idle: w.lockedIdle, hidden: w.lockedHidden, asked: w.lockedAsked }[why];
  return (
    <Note tone="plain" icon={IconLock} title={passkey ? title : w.lockedPlain[why]} role="status">
      {passkey ? null : w.lockedNoPasskey}
    </Note>
  );
}

function useHere(): Here | null {
  const [here, setHere] = useState<Here | null>(null);
  useEffect(() => {
    let wanted = true;
    ways()
      .then((all) => all.here())
      .then(
        (found) => wanted && setHere(found),
        () => wanted && setHere({ people: 0, passkeys: false, extension: false }),
      );
    return () => {
      wanted = false;
    };
  }, []);
  return here;
}

function First({ main }: { main: boolean }) {
  const w = useWords(loginWords);
  return main ? (
    <Button
      component={Link}
      to="/in/first"
      size="xl"
      fullWidth
      className="tall"
      leftSection={<IconQrcode size={26} aria-hidden />}
    >
      {w.first}
    </Button>
  ) : (
    <Panel flush>
      <Link className="li firstrow" to="/in/first">
        <IconQrcode size={28} stroke={1.6} className="tint" aria-hidden />
        <span className="grow">
          <span className="ti block">{w.first}</span>
          <span className="small ink2">{w.firstSub}</span>
        </span>
        <Chev />
      </Link>
    </Panel>
  );
}

function More({ onUsb }: { onUsb: () => void }) {
  const w = useWords(loginWords);
  return (
    <details className="more" open>
      <summary className="row">
        <IconChevronDown size={20} aria-hidden />
        {w.more}
      </summary>
      <div className="lines">
        <button type="button" onClick={onUsb}>
          <IconUsb size={22} stroke={1.6} aria-hidden />
          {w.usb}
        </button>
        <Link to="/in/more">
          <IconKey size={22} stroke={1.6} aria-hidden />
          {w.otherKey}
        </Link>
        <Link to="/in/lost">
          <IconAlertTriangle size={22} stroke={1.6} aria-hidden />
          {w.lostLink}
        </Link>
      </div>
    </details>
  );
}

export function SignIn() {
  const w = useWords(loginWords);
  useLoginTitle(w.title);
  const here = useHere();
  const { busy, failed, open } = useOpening();
  const passkey = () => open(async () => (await ways()).withPasskey());
  // Nobody has a passkey here: the first visit is the way, and the passkey (of another profile) stands below.
  const fresh = here !== null && here.people === 0;
  return (
    <Frame>
      <div className="stack s">
        <h1 className="big" tabIndex={-1}>
          {w.heading}
        </h1>
        <p className="ink2 only-phone">{w.sub}</p>
      </div>
      <WhyHere passkey={!fresh} />
      {here ? <BoxState saved={here.people > 0} /> : null}
      <Failure failed={failed} way="passkey" />
      <div className="stack">
        {fresh ? <First main /> : null}
        <Button
          size={fresh ? 'lg' : 'xl'}
          variant={fresh ? 'default' : 'filled'}
          fullWidth
          className={fresh ? '' : 'tall'}
          loading={busy}
          leftSection={<IconFingerprint size={26} aria-hidden />}
          onClick={passkey}
        >
          {w.passkey}
        </Button>
        {fresh ? null : <First main={false} />}
      </div>
      <More onUsb={passkey} />
      <Demo />
      <p className="small ink2">
        <strong>{w.emergency}</strong> {w.emergencySub}
      </p>
    </Frame>
  );
}
