/** The ways of sign-in (`api.ts` says what each promises). */
import type { UsedPasskey } from '../device/device.ts';
import { tellForgotten } from '../device/tabs.ts';
import type { KeyRole } from '../protocol/keys.ts';
import type { Hex } from '../protocol/types.ts';
import { type PracticeAddress, type Session, SessionError } from '../session/api.ts';
import type { Key } from '../session/messages.ts';
import { openIn, openWithSigner, startWorker } from '../session/open.ts';
import { SessionProxy } from '../session/proxy.ts';
import type { Enrolled, Here, PasskeyInMaking, Ways } from './api.ts';
import { bunkerSigner, extensionHere, extensionSigner } from './outside.ts';
import { assertPasskey, makeAndProve } from './passkey.ts';

/** A worker that was asked who is here, and opens the session when somebody signs in. */
let spare: SessionProxy | null = null;

function worker(): SessionProxy {
  spare ??= startWorker();
  return spare;
}

function open(key: Key, address: PracticeAddress | null): Promise<Session> {
  const proxy = worker();
  spare = null;
  return openIn(proxy, key, address);
}

/** Empty when the browser refuses storage: then it is a first visit. */
async function knownPasskeys(): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  try {
    return await worker().passkeys();
  } catch {
    return [];
  }
}

async function here(): Promise<Here> {
  const passkeys = typeof PublicKeyCredential !== 'undefined';
  return { people: (await knownPasskeys()).length, passkeys, extension: extensionHere() !== null };
}

async function withPasskey(): Promise<Session> {
  const known = await knownPasskeys();
  if (known.length === 0) throw new SessionError('storage', 'no passkey opens anything here');
  const used = await assertPasskey(navigator.credentials, location.hostname, known);
  return open({ is: 'passkey', used }, null);
}

async function makePasskey(session: Session, name: string): Promise<PasskeyInMaking> {
  if (!(session instanceof SessionProxy) || session.outside)
    throw new SessionError('invalid', 'the key is elsewhere');
  const known = await session.passkeys();
  const handle = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
  const made = await makeAndProve(navigator.credentials, { host: location.hostname, handle, name, known });
  return inMaking(session, { ...made, id: handle });
}

function inMaking(session: SessionProxy, made: UsedPasskey & { readonly id: string }): PasskeyInMaking {
  let backedUp = false;
  return {
    async backUp(password) {
      const text = await session.backUp(password);
      backedUp = true;
      return text;
    },
    async keep() {
      if (!backedUp) throw new SessionError('invalid', 'the person has no copy of the key yet');
      await session.keepUnder(made);
      made.prf.fill(0);
    },
    drop: () => {
      made.prf.fill(0);
    },
  };
}

async function lockedCopy(session: Session, password: string): Promise<string> {
  if (!(session instanceof SessionProxy) || session.outside)
    throw new SessionError('invalid', 'the key is elsewhere');
  const known = await session.passkeys();
  if (known.length === 0) throw new SessionError('invalid', 'no passkey is made here');
  const used = await assertPasskey(navigator.credentials, location.hostname, known);
  return session.backUp(password, used);
}

async function enrolKey(session: Session, token: Hex, role: KeyRole): Promise<Enrolled> {
  if (!(session instanceof SessionProxy) || session.outside)
    throw new SessionError('invalid', 'the key is elsewhere');
  // The list of words comes when it is needed: the door is fetched over slow lines.
  const { enrol } = await import('./enrol.ts');
  return enrol(await session.prove(role), token, role);
}

async function forgetDevice(): Promise<void> {
  const proxy = worker();
  spare = null;
  try {
    await proxy.forget();
  } finally {
    proxy.lock();
    localStorage.clear();
    sessionStorage.clear();
    tellForgotten();
  }
}

export const ways: Ways = {
  here,
  withPasskey,
  withText: (text, address) => open({ is: 'text', text }, address),
  withPassword: (text, password, address) => open({ is: 'ncryptsec', text, password }, address),
  withExtension: async (address) => openWithSigner(await extensionSigner(), address),
  withBunker: async (text, address, ask) => openWithSigner(await bunkerSigner(text, ask), address),
  withNewKey: (address) => open({ is: 'new' }, address),
  enrol: enrolKey,
  makePasskey,
  lockedCopy,
  forgetDevice,
};
