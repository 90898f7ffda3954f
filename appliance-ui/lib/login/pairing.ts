/**
 * A staff member's own security keys: each wraps the staff key S by 32 bytes that it gives under the host name of the
 * face (WebAuthn PRF; at the box's key slot the same bytes by hmac-secret, `firmware/vault/src/pairing.rs`). The box
 * keeps the wrapped forms only. It keeps, and this module does not.
 *
 * Invariants
 *  - A pairing counts only after the security key gave the same bytes twice and the wrap was read back.
 *  - No enrolment replaces another: each has a handle of its own, and a security key that is paired already says so.
 *  - What was wrapped for one host name, credential or security key opens for no other.
 */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes, fromHex, toHex, toUtf8 } from '../protocol/bytes.ts';
import { SecretKey } from '../protocol/secret.ts';
import type { Hex } from '../protocol/types.ts';
import { SessionError } from '../session/api.ts';
import {
  type Asserted,
  type Authenticator,
  assertPasskey,
  makeAndProve,
  PasskeyHereError,
} from './passkey.ts';

/** Most security keys of one staff key. Two are advised. */
export const PAIRED_MAX = 5;

const SALT_BYTES = 32;
const SECRET_BYTES = 32;
const TAG_BYTES = 16;

/** One security key of a staff key, as the box stores it. */
export interface Paired {
  /** Id of the credential. */
  readonly credential: Hex;
  /** The rp.id: host name of the face. */
  readonly host: string;
  /** S. */
  readonly publicKey: Hex;
  /** 32 bytes of salt, then the secret under ChaCha20-Poly1305. */
  readonly wrapped: Hex;
}

/** Why a security key was not paired, or opened nothing. */
export type PairingErrorCode =
  | 'cancelled'
  /** This security key is paired already. */
  | 'already-yours'
  /** It gives no secret, another one each time, or none without a PIN. */
  | 'no-secret'
  | 'wrong-key'
  | 'too-many'
  /** No security key of this staff key is paired under this host name. */
  | 'none'
  | 'last';

export class PairingError extends Error {
  readonly code: PairingErrorCode;

  constructor(code: PairingErrorCode) {
    super(`pair a security key: ${code}`);
    this.name = 'PairingError';
    this.code = code;
  }
}

/**
 * Pairs a security key: it is touched three times (made, and asked twice). `paired` are all of this staff key, under
 * any host name.
 */
export async function pair(
  here: Authenticator,
  { host, name, secret }: { readonly host: string; readonly name: string; readonly secret: SecretKey },
  paired: readonly Paired[],
): Promise<Paired> {
  const known = under(paired, host);
  if (known.length >= PAIRED_MAX) throw new PairingError('too-many');
  const handle = toHex(crypto.getRandomValues(new Uint8Array(16)));
  const made = await asked(makeAndProve(here, { host, handle, name, known: idsOf(known), use: 'staff' }));
  const credential = toHex(made.credential);
  const place = { host, credential };
  const wrapped = wrap(place, made.prf, secret, crypto.getRandomValues(new Uint8Array(SALT_BYTES)));
  const back = unwrap(place, made.prf, wrapped);
  made.prf.fill(0);
  if (back === null || !equalBytes(back.bytes(), secret.bytes())) throw new PairingError('no-secret');
  return { credential, host, publicKey: secret.publicKey, wrapped };
}

/** Opens the staff key by one touch of any of its security keys, and says which it was. */
export async function open(
  here: Authenticator,
  host: string,
  paired: readonly Paired[],
): Promise<{ readonly secret: SecretKey; readonly credential: Hex }> {
  const known = under(paired, host);
  if (known.length === 0) throw new PairingError('none');
  const used = await asked(assertPasskey(here, host, idsOf(known), 'staff'));
  const credential = toHex(used.credential);
  const one = known.find((one) => one.credential === credential);
  const secret = one === undefined ? null : unwrap(one, used.prf, one.wrapped);
  used.prf.fill(0);
  if (secret === null || secret.publicKey !== one?.publicKey) throw new PairingError('wrong-key');
  return { secret, credential };
}

/** All but a lost one. The last one under its host name stays: without it nothing would open there. */
export function without(paired: readonly Paired[], lost: Hex): readonly Paired[] {
  const gone = paired.find(({ credential }) => credential === lost);
  if (gone === undefined) return paired;
  if (under(paired, gone.host).length === 1) throw new PairingError('last');
  return paired.filter((one) => one !== gone);
}

/** Wraps under the 32 bytes of a security key; `salt` is fresh each time. */
export function wrap(
  place: Pick<Paired, 'host' | 'credential'>,
  prf: Uint8Array,
  secret: SecretKey,
  salt: Uint8Array,
): Hex {
  return toHex(concatBytes(salt, cipher(place, prf, salt).encrypt(secret.bytes())));
}

/** Null when the wrap is of another security key or place, or damaged. */
export function unwrap(
  place: Pick<Paired, 'host' | 'credential'>,
  prf: Uint8Array,
  wrapped: Hex,
): SecretKey | null {
  const bytes = fromHex(wrapped, SALT_BYTES + SECRET_BYTES + TAG_BYTES);
  if (bytes === null) return null;
  try {
    const secret = cipher(place, prf, bytes.subarray(0, SALT_BYTES)).decrypt(bytes.subarray(SALT_BYTES));
    const key = SecretKey.fromBytes(secret);
    secret.fill(0);
    return key;
  } catch {
    return null;
  }
}

/** The key serves one message, because the salt makes it a new one: so the nonce is all zeros. */
function cipher(
  { host, credential }: Pick<Paired, 'host' | 'credential'>,
  prf: Uint8Array,
  salt: Uint8Array,
) {
  const id = fromHex(credential, credential.length / 2);
  if (id === null || prf.length !== SECRET_BYTES) throw new RangeError('no credential id, or no 32 bytes');
  const [label, zero] = [toUtf8('relaybox/staff/wrap/1'), Uint8Array.of(0)];
  const info = concatBytes(label, zero, toUtf8(host), zero, id);
  return chacha20poly1305(hkdf(sha256, prf, salt, info, 32), new Uint8Array(12));
}

const under = (paired: readonly Paired[], host: string) => paired.filter((one) => one.host === host);

function idsOf(paired: readonly Paired[]): Uint8Array<ArrayBuffer>[] {
  return paired.flatMap(({ credential }) => {
    const id = fromHex(credential, credential.length / 2);
    return id === null ? [] : [new Uint8Array(id)];
  });
}

async function asked(work: Promise<Asserted>): Promise<Asserted> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PasskeyHereError) throw new PairingError('already-yours');
    if (!(error instanceof SessionError)) throw error;
    throw new PairingError(error.code === 'cancelled' ? 'cancelled' : 'no-secret');
  }
}
