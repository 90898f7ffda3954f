/**
 * The first visit: which clinic, then the key. A fresh key is the usual way; a sheet with a token also sends its public
 * side to the clinic. The lesson about keys and the passkey follow once it is open.
 */
import { Button } from '@mantine/core';
import type { PracticeAddress, Session } from '@relaybox/lib/session/api';
import { IconChevronLeft, IconKey, IconSparkles } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { Chev } from '../kit/chev.tsx';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { loginWords } from '../words/login.ts';
import { chooseClinic, useClinic, useLoginTitle } from './clinic.ts';
import { ClinicStep } from './clinic-step.tsx';
import { NotSent, type Who, WhoStep } from './enrol.tsx';
import { noteEnrolled } from './enrolled.ts';
import { Failure } from './failure.tsx';
import { Frame } from './frame.tsx';
import { KeyForm } from './key-form.tsx';
import { type Opening, useOpening } from './open.ts';
import { OwnKey } from './own-key.tsx';
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

/** What a sheet lets in: one key of this kind. */
interface Ticket {
  readonly token: string;
  readonly who: Who;
}

/** Opens as usual; with a ticket the key is then sent to the clinic, or the session is closed again. */
function useTicket(ticket: Ticket | null): { readonly opening: Opening; readonly sending: boolean } {
  const opening = useOpening();
  const sending = useRef(false);
  const send = async (way: () => Promise<Session>): Promise<Session> => {
    sending.current = false;
    const session = await way();
    if (ticket === null) return session;
    sending.current = true;
    try {
      noteEnrolled(await (await ways()).enrol(session, ticket.token, ticket.who));
    } catch (error) {
      session.lock();
      throw error;
    }
    return session;
  };
  const open: Opening['open'] = (way, then) => opening.open(() => send(way), then);
  return { opening: { ...opening, open }, sending: sending.current };
}

function Fresh({ onFresh, busy, onOwn }: { onFresh: () => void; busy: boolean; onOwn: () => void }) {
  const w = useWords(loginWords);
  return (
    <>
      <div className="bd stack xs">
        <Button
          size="xl"
          fullWidth
          className="tall"
          loading={busy}
          leftSection={<IconSparkles size={26} aria-hidden />}
          onClick={onFresh}
        >
          {w.newKey}
        </Button>
        <p className="small ink2">{w.newKeySub}</p>
      </div>
      <div className="lines">
        <button type="button" className="li" onClick={onOwn}>
          <IconKey size={26} stroke={1.6} className="tint" aria-hidden />
          <span className="grow">
            <span className="ti block">{w.haveKey}</span>
            <span className="small ink2">{w.haveKeySub}</span>
          </span>
          <Chev />
        </button>
      </div>
    </>
  );
}

function KeyStep({ clinic, ticket }: { clinic: PracticeAddress; ticket: Ticket | null }) {
  const w = useWords(loginWords);
  const [paste, setPaste] = useState(false);
  const { opening, sending } = useTicket(ticket);
  const fresh = () => opening.open(async () => (await ways()).withNewKey(clinic), '/in/keep');
  const failed = sending ? (
    <NotSent failed={opening.failed} />
  ) : paste ? null : (
    <Failure failed={opening.failed} way="key" />
  );
  if (!paste)
    return (
      <>
        <Panel title={w.keyQ} flush>
          <p className="small ink2 panelsay">{w.keySay(clinic.name ?? w.unnamed)}</p>
          <Fresh onFresh={fresh} busy={opening.busy} onOwn={() => setPaste(true)} />
        </Panel>
        {failed}
      </>
    );
  return (
    <OwnKey onFresh={() => setPaste(false)}>
      <Panel title={w.haveKey}>
        <KeyForm clinic={clinic} opening={sending ? { ...opening, failed: null } : opening} />
      </Panel>
      {failed}
      <div className="row">
        <Button variant="subtle" onClick={() => setPaste(false)}>
          {w.newKey}
        </Button>
      </div>
    </OwnKey>
  );
}

export function FirstTime() {
  const w = useWords(loginWords);
  useLoginTitle(w.firstTitle);
  const { here } = useClinic();
  const [clinic, setClinic] = useState<PracticeAddress | null>(null);
  const [token, setToken] = useState<string | null>(null);
  const [who, setWho] = useState<Who | null>(null);
  const take = (address: PracticeAddress, found: string | null = null) => {
    chooseClinic(address);
    setClinic(address);
    // A box takes keys from its own pages only. At another clinic the key is shown at the desk.
    setToken(address.practice === here?.practice ? found : null);
  };
  return (
    <Frame>
      <BackToDoor />
      <h1 tabIndex={-1}>{w.firstTitle}</h1>
      {clinic === null ? <ClinicStep here={here} onAddress={take} /> : null}
      {clinic && token !== null && who === null ? (
        <WhoStep clinic={clinic.name ?? w.unnamed} onWho={setWho} />
      ) : null}
      {clinic && (token === null || who !== null) ? (
        <KeyStep clinic={clinic} ticket={token !== null && who !== null ? { token, who } : null} />
      ) : null}
    </Frame>
  );
}
