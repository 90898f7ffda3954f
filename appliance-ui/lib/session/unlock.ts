/** From whatever a person has to the key in the worker. Nothing of it leaves again but as `ncryptsec`. */
import { decrypt, encrypt } from 'nostr-tools/nip49';
import type { Device } from '../device/device.ts';
import { parseSecret } from '../protocol/keys.ts';
import { SessionError } from './api.ts';
import type { Home } from './keep.ts';
import type { Key } from './messages.ts';

/** The person's 32 bytes, and the home that was unlocked with them. The caller wipes the bytes. */
export interface Unlocked {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly home: Home | null;
}

/** Everything but a key that stays outside. */
export type KeyHere = Exclude<Key, { readonly is: 'outside' }>;

export async function unlock(key: KeyHere, device: Device | null, turned: () => void): Promise<Unlocked> {
  switch (key.is) {
    case 'secret':
      return here(key.bytes);
    case 'text': {
      const secret = parseSecret(key.text.trim());
      if (!secret) throw new SessionError('invalid', 'no key in this text');
      return here(secret.bytes());
    }
    case 'ncryptsec':
      return here(decrypted(key.text.trim(), key.password));
    case 'new':
      return here(crypto.getRandomValues(new Uint8Array(32)));
    case 'passkey': {
      if (!device) throw new SessionError('storage', 'nothing is kept here');
      const { person, home } = await device.unlock(key.used, turned);
      return { bytes: person, home };
    }
  }
}

/** NIP-49 with 2^16 rounds of scrypt; the client does not say how the key was handled before. */
export function backUp(secret: Uint8Array, password: string): string {
  if (password === '') throw new SessionError('invalid', 'a password is needed');
  return encrypt(secret, password, 16, 0x02);
}

function decrypted(text: string, password: string): Uint8Array {
  if (!/^ncryptsec1[02-9ac-hj-np-z]+$/.test(text)) throw new SessionError('invalid', 'no ncryptsec');
  try {
    return decrypt(text, password);
  } catch (error) {
    // The cipher tells a wrong password by its tag; all else is a damaged text.
    const tag = error instanceof Error && /tag/i.test(error.message);
    throw new SessionError(tag ? 'wrong-key' : 'invalid', tag ? 'wrong password' : 'a damaged ncryptsec');
  }
}

function here(bytes: Uint8Array): Unlocked {
  if (bytes.length !== 32) throw new SessionError('invalid', 'a key has 32 bytes');
  return { bytes: new Uint8Array(bytes), home: null };
}
