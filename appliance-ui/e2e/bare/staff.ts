/** A page under the staff host's name, with the pairing library and nothing else. */
import { sha256 } from '@noble/hashes/sha2.js';
import { open, type Paired, pair, without } from '../../lib/login/pairing.ts';
import { toHex, toUtf8 } from '../../lib/protocol/bytes.ts';
import { eventJson, sign } from '../../lib/protocol/event.ts';
import { SecretKey } from '../../lib/protocol/secret.ts';
import type { PracticeAddress } from '../../lib/session/api.ts';
import { StaffSession, type StaffSnapshot } from '../../lib/session/staff.ts';

const said = (error: unknown): string => (error instanceof Error ? error.message : 'unknown');

const page = {
  /** Pairs under this page's name; what the box would store, or why not. */
  async pair(secret: string, paired: readonly Paired[]): Promise<Paired | string> {
    const key = SecretKey.fromHex(secret);
    if (!key) return 'no key';
    const me = { host: location.hostname, name: 'Dr. Dora Demo', secret: key };
    return pair(navigator.credentials, me, paired).catch(said);
  },

  /** The staff key as hex and the security key that opened it, or why not. */
  async open(
    paired: readonly Paired[],
    host = location.hostname,
  ): Promise<readonly [string, string] | string> {
    return open(navigator.credentials, host, paired).then(
      ({ secret, credential }) => [secret.toHex(), credential] as const,
      said,
    );
  },

  without,

  /** Asks the box's store of wrapped keys, with a login of this staff key (NIP-98): status and answer. */
  async store(
    method: 'PUT' | 'DELETE',
    secret: string,
    credential: string,
    body: object | null,
  ): Promise<number> {
    const key = SecretKey.fromHex(secret);
    if (!key) return 0;
    const url = `${location.origin}/wrapped-keys/${credential}`;
    const text = body === null ? '' : JSON.stringify(body);
    const tags = [
      ['u', url],
      ['method', method],
      ...(text === '' ? [] : [['payload', toHex(sha256(toUtf8(text)))]]),
    ];
    const login = sign(key, 27235, tags, '', Math.floor(Date.now() / 1_000));
    const headers = { Authorization: `Nostr ${btoa(eventJson(login))}` };
    return (await fetch(url, { method, headers, ...(text === '' ? {} : { body: text }) })).status;
  },

  /** What the box keeps of a security key; null when it keeps nothing. */
  async kept(credential: string): Promise<string | null> {
    const answer = await fetch(`/wrapped-keys/${credential}`);
    return answer.ok ? ((await answer.json()) as { wrapped: string }).wrapped : null;
  },

  /** Opens the staff key and logs in with it: what the session then says, or why the key did not open. */
  async logIn(paired: readonly Paired[], address: PracticeAddress): Promise<StaffSnapshot | string> {
    const opened = await open(navigator.credentials, location.hostname, paired).catch(said);
    if (typeof opened === 'string') return opened;
    const session = new StaffSession({ address, secret: opened.secret });
    const told = await new Promise<StaffSnapshot>((resolve) => {
      session.watch((now) => {
        if (now.place !== null || now.connection.is === 'refused') resolve(now);
      });
    });
    session.lock();
    return told;
  },

  /** What a security key answers when it is asked for PRF while a credential is made. */
  async atMaking(): Promise<unknown> {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const made = (await navigator.credentials.create({
      publicKey: {
        rp: { id: location.hostname, name: 'bare' },
        user: { id: bytes.slice(0, 16), name: 'bare', displayName: 'bare' },
        challenge: bytes,
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        authenticatorSelection: { userVerification: 'required' },
        extensions: { prf: { eval: { first: bytes } } },
      },
    })) as PublicKeyCredential;
    return made.getClientExtensionResults().prf;
  },
};

declare global {
  var staffPage: typeof page;
}
globalThis.staffPage = page;
