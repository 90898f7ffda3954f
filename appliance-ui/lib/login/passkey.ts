/**
 * Passkeys by WebAuthn with the PRF extension: 32 secret bytes from the person's authenticator, under user
 * verification, for this host name and no other. Many authenticators give PRF results at `get` only, so nothing is
 * expected of `create` but the passkey itself.
 *
 * A key that was made or asserted here is worth nothing until the same 32 bytes came out twice: authenticators exist
 * that keep two seeds, one for verified users and one for others.
 */
import { SessionError } from '../session/api.ts';

/** What PRF is asked, by what its secret is for. */
const INPUTS = { device: 'relaybox/device/prf/1', staff: 'relaybox/staff/prf/1' } as const;
export type PrfUse = keyof typeof INPUTS;

const TIMEOUT_MS = 120_000;
const VERIFIED = 0x04;

/** The part of `navigator.credentials` that is used here. */
export interface Authenticator {
  create(options: CredentialCreationOptions): Promise<Credential | null>;
  get(options: CredentialRequestOptions): Promise<Credential | null>;
}

export interface Asserted {
  readonly credential: Uint8Array<ArrayBuffer>;
  readonly prf: Uint8Array<ArrayBuffer>;
}

/** The authenticator holds a passkey of this person already; a second one would be no second way in. */
export class PasskeyHereError extends SessionError {
  constructor() {
    super('invalid', 'this authenticator has a passkey already');
  }
}

export interface NewPasskey {
  /** This page's host name; passkeys of it open nothing elsewhere. */
  readonly host: string;
  /** Random bytes as hex, fresh for every passkey: an authenticator replaces one of the same handle silently. */
  readonly handle: string;
  /** What the device's own list shows. */
  readonly name: string;
  /** Passkeys that open something on this device already. */
  readonly known: readonly Uint8Array<ArrayBuffer>[];
  /** For the person's key on this device, unless said otherwise. */
  readonly use?: PrfUse;
}

/** Makes a passkey. Rejects with `cancelled`, or `invalid` when the device cannot or already has one of ours. */
export async function createPasskey(here: Authenticator, made: NewPasskey): Promise<Uint8Array<ArrayBuffer>> {
  const options = (extensions: AuthenticationExtensionsClientInputs | null): CredentialCreationOptions => ({
    publicKey: {
      rp: { id: made.host, name: made.name },
      user: { id: bytesOf(made.handle), name: made.name, displayName: made.name },
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
      attestation: 'none',
      excludeCredentials: made.known.map((id) => ({ type: 'public-key', id })),
      timeout: TIMEOUT_MS,
      ...(extensions ? { extensions } : {}),
    },
  });
  const asked = await attempt(() => here.create(options({ prf: {} })));
  // Some platforms refuse the extension before they show anything: then PRF is tried at `get` alone.
  const created =
    asked instanceof Error && !isFinal(asked) ? await attempt(() => here.create(options(null))) : asked;
  const { rawId, response } = credentialOf(created);
  // A browser that does not tell it at making tells it when the passkey is asserted.
  const said = (response as Partial<AuthenticatorAttestationResponse>).getAuthenticatorData?.();
  if (said !== undefined && !isVerified(said)) throw new SessionError('invalid', 'made without verification');
  return new Uint8Array(rawId);
}

/** Asks the person for a passkey and gives its id and 32 bytes. */
export async function assertPasskey(
  here: Authenticator,
  host: string,
  allowed: readonly Uint8Array<ArrayBuffer>[],
  use: PrfUse = 'device',
): Promise<Asserted> {
  const found = await attempt(() =>
    here.get({
      publicKey: {
        rpId: host,
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        allowCredentials: allowed.map((id) => ({ type: 'public-key', id })),
        userVerification: 'required',
        timeout: TIMEOUT_MS,
        extensions: { prf: { eval: { first: new TextEncoder().encode(INPUTS[use]) } } },
      },
    }),
  );
  const credential = credentialOf(found);
  const { authenticatorData } = credential.response as AuthenticatorAssertionResponse;
  const prf = credential.getClientExtensionResults().prf?.results?.first;
  const bytes = prf === undefined ? null : new Uint8Array(toBuffer(prf));
  if (!isVerified(authenticatorData) || bytes?.length !== 32) {
    throw new SessionError('invalid', 'this passkey gives no secret');
  }
  return { credential: new Uint8Array(credential.rawId), prf: bytes };
}

/** Makes a passkey and has it asserted twice: it counts only if the same 32 bytes came out. */
export async function makeAndProve(here: Authenticator, made: NewPasskey): Promise<Asserted> {
  const id = await createPasskey(here, made);
  const first = await assertPasskey(here, made.host, [id], made.use);
  const second = await assertPasskey(here, made.host, [id], made.use);
  const same = equal(first.prf, second.prf) && equal(first.credential, id) && equal(second.credential, id);
  second.prf.fill(0);
  if (same) return first;
  first.prf.fill(0);
  throw new SessionError('invalid', 'this passkey gives another secret each time');
}

/** The authenticator's own word, which the browser passes on: asking for verification alone proves nothing. */
function isVerified(authenticatorData: ArrayBuffer): boolean {
  return ((new Uint8Array(authenticatorData)[32] ?? 0) & VERIFIED) !== 0;
}

async function attempt(work: () => Promise<Credential | null>): Promise<Credential | Error> {
  try {
    return (await work()) ?? new DOMException('nothing', 'NotAllowedError');
  } catch (error) {
    return error instanceof Error ? error : new Error('unknown');
  }
}

/** The person said no, took too long, or has this passkey already: asking again would be wrong. */
function isFinal({ name }: Error): boolean {
  return name === 'NotAllowedError' || name === 'AbortError' || name === 'InvalidStateError';
}

function credentialOf(found: Credential | Error): PublicKeyCredential {
  if (!(found instanceof Error)) return found as PublicKeyCredential;
  if (found.name === 'InvalidStateError') throw new PasskeyHereError();
  const cancelled = found.name === 'NotAllowedError' || found.name === 'AbortError';
  throw new SessionError(cancelled ? 'cancelled' : 'invalid', found.name);
}

function toBuffer(source: BufferSource): ArrayBuffer {
  if (source instanceof ArrayBuffer) return source.slice(0);
  const { buffer, byteOffset, byteLength } = source as ArrayBufferView;
  return (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, n) => byte === other[n]);
}
