/** A page under the staff host's name, with the pairing library and nothing else. */
import { open, type Paired, pair, without } from '../../lib/login/pairing.ts';
import { SecretKey } from '../../lib/protocol/secret.ts';

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
