/** Signers that keep their key to themselves: a browser extension (NIP-07), a signer far away (NIP-46). */
import type { Event, Hex } from '../protocol/types.ts';
import { SessionError } from '../session/api.ts';
import type { Signer, Template } from '../session/signer.ts';

/** What an extension puts on the page (NIP-07). */
export interface Extension {
  getPublicKey(): Promise<string>;
  signEvent(event: Template): Promise<unknown>;
  readonly nip44?: { decrypt(peer: string, payload: string): Promise<string> };
}

const HEX_32 = /^[0-9a-f]{64}$/;

export function extensionHere(): Extension | null {
  return (globalThis as { nostr?: Extension }).nostr ?? null;
}

/** Rejects with `invalid` when there is none that opens NIP-44, with `cancelled` when the person says no. */
export async function extensionSigner(extension = extensionHere()): Promise<Signer> {
  const nip44 = extension?.nip44;
  if (!extension || !nip44) throw new SessionError('invalid', 'no extension that opens records');
  return outside(await asked(extension.getPublicKey()), {
    sign: (template) => extension.signEvent(template),
    decrypt: (peer, payload) => nip44.decrypt(peer, payload),
  });
}

/** What a signer far away can do; `nostr-tools` does it. */
export interface Bunker {
  connect(): Promise<void>;
  getPublicKey(): Promise<string>;
  signEvent(event: Template): Promise<unknown>;
  nip44Decrypt(peer: string, payload: string): Promise<string>;
}

/** From a `bunker://` text. `ask` shows a page where the signer wants consent. */
export async function bunkerSigner(
  text: string,
  ask: (url: string) => void,
  connect: (text: string, ask: (url: string) => void) => Promise<Bunker> = dialBunker,
): Promise<Signer> {
  const bunker = await connect(text.trim(), (url) => {
    // The signer chooses this address: only a page is ever opened.
    if (/^https:\/\//.test(url)) ask(url);
  });
  await asked(bunker.connect());
  return outside(await asked(bunker.getPublicKey()), {
    sign: (template) => bunker.signEvent(template),
    decrypt: (peer, payload) => bunker.nip44Decrypt(peer, payload),
  });
}

async function dialBunker(text: string, ask: (url: string) => void): Promise<Bunker> {
  // A name instead of an address would be asked of a stranger's server.
  if (!text.startsWith('bunker://')) throw new SessionError('invalid', 'no bunker address');
  const [{ BunkerSigner, parseBunkerInput }, { generateSecretKey }] = await Promise.all([
    import('nostr-tools/nip46'),
    import('nostr-tools/pure'),
  ]);
  const pointer = await parseBunkerInput(text);
  if (!pointer) throw new SessionError('invalid', 'no bunker address');
  const signer = BunkerSigner.fromBunker(generateSecretKey(), pointer, { onauth: ask });
  return {
    connect: () => signer.connect(),
    getPublicKey: () => signer.getPublicKey(),
    signEvent: ({ tags, ...template }) =>
      signer.signEvent({ ...template, tags: tags.map((tag) => [...tag]) }),
    nip44Decrypt: (peer, payload) => signer.nip44Decrypt(peer, payload),
  };
}

interface Doing {
  sign(template: Template): Promise<unknown>;
  decrypt(peer: Hex, payload: string): Promise<string>;
}

function outside(publicKey: string, { sign, decrypt }: Doing): Signer {
  if (!HEX_32.test(publicKey)) throw new SessionError('invalid', 'the signer names no key');
  return {
    publicKey,
    secret: null,
    async signEvent(template) {
      const event = (await asked(sign(template))) as Event;
      if (event.pubkey !== publicKey || event.kind !== template.kind) {
        throw new SessionError('wrong-key', 'the signer signed something else');
      }
      return event;
    },
    nip44Decrypt: (peer, payload) => asked(decrypt(peer, payload)),
  };
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof SessionError) throw error;
    throw new SessionError('cancelled', 'the signer said no');
  }
}
