/** More ways to open: a key by paste or camera, a signer in this browser (NIP-07) or on another device (NIP-46). */
import { Button } from '@mantine/core';
import type { PracticeAddress } from '@relaybox/lib/session/api';
import { IconExternalLink } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { type SyntheticEvent, useState } from 'react';
import { Field } from '../kit/field.tsx';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { loginWords } from '../words/login.ts';
import { chooseClinic, useClinic, useLoginTitle } from './clinic.ts';
import { ClinicStep } from './clinic-step.tsx';
import { Failure } from './failure.tsx';
import { BackToDoor } from './first.tsx';
import { Frame } from './frame.tsx';
import { KeyForm } from './key-form.tsx';
import { useOpening } from './open.ts';
import { OwnKey } from './own-key.tsx';
import { ways } from './ways.ts';

function Extension({ clinic }: { clinic: PracticeAddress }) {
  const w = useWords(loginWords);
  const opening = useOpening();
  const open = () => opening.open(async () => (await ways()).withExtension(clinic));
  return (
    <Panel title={w.extension}>
      <div className="stack">
        <p className="small ink2">{w.extensionSub}</p>
        {opening.failed === 'invalid' ? (
          <Note tone="plain" title={w.noExtension} role="status" />
        ) : (
          <Failure failed={opening.failed} way="key" />
        )}
        <div className="row">
          <Button variant="default" loading={opening.busy} onClick={open}>
            {w.open}
          </Button>
        </div>
      </div>
    </Panel>
  );
}

function Bunker({ clinic }: { clinic: PracticeAddress }) {
  const w = useWords(loginWords);
  const opening = useOpening();
  const [text, setText] = useState('');
  const [consent, setConsent] = useState<string | null>(null);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setConsent(null);
    opening.open(async () => (await ways()).withBunker(text.trim(), clinic, setConsent));
  };
  // The signer names the page; only a web page is opened, and only by the person.
  const page = consent !== null && /^https:\/\//i.test(consent) ? consent : null;
  return (
    <Panel title={w.bunker}>
      <form className="stack" onSubmit={submit}>
        <Field label={w.bunkerText} help={w.bunkerSub} value={text} onText={setText} refusal={w.secretHere} />
        {page ? (
          <Note
            tone="info"
            icon={IconExternalLink}
            title={w.bunkerAsk}
            role="status"
            actions={
              <a href={page} target="_blank" rel="noreferrer noopener">
                {w.bunkerOpen}
              </a>
            }
          />
        ) : null}
        <Failure failed={opening.failed} way="key" />
        <div className="row">
          <Button type="submit" variant="default" loading={opening.busy} disabled={text.trim() === ''}>
            {w.open}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Key({ clinic }: { clinic: PracticeAddress }) {
  const w = useWords(loginWords);
  return (
    <Panel title={w.haveKey}>
      <KeyForm clinic={clinic} opening={useOpening()} />
    </Panel>
  );
}

export function MoreWays() {
  const w = useWords(loginWords);
  useLoginTitle(w.moreTitle);
  const navigate = useNavigate();
  const { here, chosen } = useClinic();
  const [other, setOther] = useState(false);
  return (
    <Frame>
      <BackToDoor />
      <h1 tabIndex={-1}>{w.moreTitle}</h1>
      {chosen && !other ? (
        <>
          <p className="row wrap between">
            <span className="ink2">{w.at(chosen.name ?? w.unnamed)}</span>
            <Button variant="subtle" onClick={() => setOther(true)}>
              {w.otherClinic}
            </Button>
          </p>
          <OwnKey onFresh={() => void navigate({ to: '/in/first' })}>
            <Key clinic={chosen} />
            <Extension clinic={chosen} />
            <Bunker clinic={chosen} />
          </OwnKey>
        </>
      ) : (
        <ClinicStep
          here={other ? null : here}
          onAddress={(address) => {
            chooseClinic(address);
            setOther(false);
          }}
        />
      )}
    </Frame>
  );
}
