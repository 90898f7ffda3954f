/** The first visit: which clinic, then the key. The lesson about keys and the passkey follow once it is open. */
import { Button } from '@mantine/core';
import type { PracticeAddress } from '@relaybox/lib/session/api';
import { IconChevronLeft, IconKey, IconSparkles } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Chev } from '../kit/chev.tsx';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { loginWords } from '../words/login.ts';
import { chooseClinic, useClinic, useLoginTitle } from './clinic.ts';
import { ClinicStep } from './clinic-step.tsx';
import { Failure } from './failure.tsx';
import { Frame } from './frame.tsx';
import { KeyForm } from './key-form.tsx';
import { useOpening } from './open.ts';
import { ways } from './ways.ts';

export function BackToDoor() {
  const w = useWords(loginWords);
  return (
    <Link className="back" to="/in">
      <IconChevronLeft size={20} aria-hidden />
      {w.back}
    </Link>
  );
}

function KeyStep({ clinic }: { clinic: PracticeAddress }) {
  const w = useWords(loginWords);
  const [paste, setPaste] = useState(false);
  const opening = useOpening();
  const fresh = () => opening.open(async () => (await ways()).withNewKey(clinic), '/in/keep');
  return (
    <>
      <Panel title={w.keyQ} flush>
        <p className="small ink2 panelsay">{w.keySay(clinic.name ?? w.unnamed)}</p>
        {paste ? (
          <div className="bd">
            <KeyForm clinic={clinic} opening={opening} />
          </div>
        ) : (
          <div className="lines">
            <button type="button" className="li" onClick={() => setPaste(true)}>
              <IconKey size={26} stroke={1.6} className="tint" aria-hidden />
              <span className="grow">
                <span className="ti block">{w.haveKey}</span>
                <span className="small ink2">{w.haveKeySub}</span>
              </span>
              <Chev />
            </button>
            <button type="button" className="li" onClick={fresh} disabled={opening.busy}>
              <IconSparkles size={26} stroke={1.6} className="tint" aria-hidden />
              <span className="grow">
                <span className="ti block">{w.newKey}</span>
                <span className="small ink2">{w.newKeySub}</span>
              </span>
              <Chev />
            </button>
          </div>
        )}
      </Panel>
      {paste ? (
        <div className="row">
          <Button variant="subtle" onClick={() => setPaste(false)}>
            {w.newKey}
          </Button>
        </div>
      ) : (
        <Failure failed={opening.failed} way="key" />
      )}
    </>
  );
}

export function FirstTime() {
  const w = useWords(loginWords);
  useLoginTitle(w.firstTitle);
  const { here } = useClinic();
  const [clinic, setClinic] = useState<PracticeAddress | null>(null);
  const take = (address: PracticeAddress) => {
    chooseClinic(address);
    setClinic(address);
  };
  return (
    <Frame>
      <BackToDoor />
      <h1 tabIndex={-1}>{w.firstTitle}</h1>
      {clinic ? <KeyStep clinic={clinic} /> : <ClinicStep here={here} onAddress={take} />}
    </Frame>
  );
}
