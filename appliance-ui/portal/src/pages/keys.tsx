/** The person's key: its public side for the clinic, the passkey here, what to do when it is lost, forget this device. */
import { Button, Checkbox } from '@mantine/core';
import { fromHex } from '@relaybox/lib/protocol/bytes';
import { fourWords } from '@relaybox/lib/protocol/keys';
import { SessionError } from '@relaybox/lib/session/api';
import { IconFingerprint } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Back } from '../app/record.tsx';
import { closeSession, currentSession, useSnapshot } from '../app/store.ts';
import { useTitle } from '../app/title.ts';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { Qr } from '../kit/qr.tsx';
import { CopyPassword, LockedCopy } from '../login/locked-copy.tsx';
import { LostAdvice } from '../login/lost.tsx';
import { ways } from '../login/ways.ts';
import { loginWords } from '../words/login.ts';
import { moreWords } from '../words/more.ts';
import { UndoLink } from './undo.tsx';

function PublicSide({ me }: { me: { readonly key: string; readonly npub: string } }) {
  const w = useWords(moreWords);
  const bytes = fromHex(me.key, 32);
  return (
    <Panel>
      <div className="stack">
        <p>{w.keySay}</p>
        <div className="row top wrap keyrow">
          <div className="qr keyqr">
            <Qr text={me.npub} label={w.keyQr} />
          </div>
          <div className="stack s grow">
            <p className="b small">{w.fourWords}</p>
            {bytes ? <p className="fourwords">{fourWords(bytes).join(' · ')}</p> : null}
            <p className="small ink2">{w.fourWordsSub}</p>
          </div>
        </div>
        <details className="experts">
          <summary className="lnk">{w.details}</summary>
          <p className="mono small wrapall">{me.npub}</p>
        </details>
      </div>
    </Panel>
  );
}

/** The locked copy once more. An open session is not enough: the passkey is asked for. */
function CopyAgain() {
  const w = useWords(moreWords);
  const [asking, setAsking] = useState(false);
  const [copy, setCopy] = useState<string | null>(null);
  const make = async (password: string) => {
    const session = currentSession();
    if (!session) throw new SessionError('locked', 'the session is locked');
    return (await ways()).lockedCopy(session, password);
  };
  const hide = () => {
    setCopy(null);
    setAsking(false);
  };
  return (
    <div className="stack">
      {asking ? <p className="small ink2">{w.copyAgainSay}</p> : null}
      {asking && copy === null ? <CopyPassword make={make} onCopy={setCopy} /> : null}
      {copy === null ? null : <LockedCopy copy={copy} />}
      <div className="row">
        <Button variant={asking ? 'subtle' : 'default'} onClick={asking ? hide : () => setAsking(true)}>
          {asking ? w.copyHide : w.copyAgain}
        </Button>
      </div>
    </div>
  );
}

function Passkey({ made }: { made: boolean }) {
  const w = useWords(moreWords);
  const login = useWords(loginWords);
  return (
    <Panel title={w.passkeys}>
      <div className="stack">
        <p>{made ? w.passkeyYes : w.passkeyNo}</p>
        <p className="small ink2">{login.noPin}</p>
        {made ? (
          <CopyAgain />
        ) : (
          <div className="row">
            <Button
              component={Link}
              to="/in/keep"
              variant="default"
              leftSection={<IconFingerprint size={20} aria-hidden />}
            >
              {w.passkeyMake}
            </Button>
          </div>
        )}
      </div>
    </Panel>
  );
}

function Forget() {
  const w = useWords(moreWords);
  const [asking, setAsking] = useState(false);
  const [sure, setSure] = useState(false);
  const [failed, setFailed] = useState(false);
  const forget = async () => {
    setFailed(false);
    try {
      await (await ways()).forgetDevice();
      closeSession('forgotten');
    } catch {
      setFailed(true);
    }
  };
  return (
    <Panel title={w.forget}>
      <div className="stack">
        <p>{w.forgetSay}</p>
        {failed ? (
          <Note tone="due" title={w.forgetFailed} role="alert">
            {w.forgetFailedSub}
          </Note>
        ) : null}
        {asking ? (
          <>
            <Checkbox
              label={w.forgetSure}
              checked={sure}
              onChange={(event) => setSure(event.currentTarget.checked)}
            />
            <div className="row wrap">
              <Button variant="default" className="destroy" disabled={!sure} onClick={forget}>
                {w.forgetAsk}
              </Button>
              <Button variant="subtle" onClick={() => setAsking(false)}>
                {w.forgetKeep}
              </Button>
            </div>
          </>
        ) : (
          <div className="row">
            <Button variant="default" className="destroy" onClick={() => setAsking(true)}>
              {w.forget}
            </Button>
          </div>
        )}
      </div>
    </Panel>
  );
}

export function Keys() {
  const w = useWords(moreWords);
  useTitle(w.keys);
  const now = useSnapshot();
  return (
    <>
      <Back to="/more">{w.title}</Back>
      <h1 tabIndex={-1}>{w.keysHeading}</h1>
      {now ? <PublicSide me={now.me} /> : null}
      {now?.me.here ? <Passkey made={now.passkey} /> : null}
      <h2>{w.lost}</h2>
      <LostAdvice />
      <UndoLink />
      <Forget />
    </>
  );
}
