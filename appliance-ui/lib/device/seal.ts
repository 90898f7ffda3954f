/**
 * How this device keeps things shut (WebCrypto). Every value is AES-256-GCM under keys drawn from a random cache
 * key; names are HMACs under another one, so that neither keys of persons nor what belongs together under which name
 * can be read from the storage. The cache key and the person's key lie wrapped under a key drawn (HKDF-SHA-256) from
 * the output of the person's passkey (WebAuthn PRF), and are nowhere else at rest.
 *
 * Invariant: what was sealed for one place does not open at another (the name is bound in as associated data).
 */

/** Sealed bytes: 12 bytes of nonce, then ciphertext and tag. */
export type Sealed = Uint8Array<ArrayBuffer>;

const NONCE_BYTES = 12;
const KEY_BYTES = 32;
const encoder = new TextEncoder();

export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Seals and names the things of one person on this device. */
export class Cabinet {
  private readonly cipher: CryptoKey;
  private readonly namer: CryptoKey;

  private constructor(cipher: CryptoKey, namer: CryptoKey) {
    this.cipher = cipher;
    this.namer = namer;
  }

  /** From the cache key of 32 bytes; they are not kept. */
  static async open(cacheKey: Uint8Array<ArrayBuffer>): Promise<Cabinet> {
    const ikm = await crypto.subtle.importKey('raw', cacheKey, 'HKDF', false, ['deriveKey']);
    const draw = (info: string, algorithm: AesKeyGenParams | HmacKeyGenParams, uses: KeyUsage[]) =>
      crypto.subtle.deriveKey(hkdf(new Uint8Array(0), info), ikm, algorithm, false, uses);
    const cipher = await draw('relaybox/device/cipher/1', { name: 'AES-GCM', length: 256 }, [
      'encrypt',
      'decrypt',
    ]);
    const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 };
    return new Cabinet(cipher, await draw('relaybox/device/names/1', hmac, ['sign']));
  }

  /** The name under which something is stored: 64 hex characters that say nothing. */
  async name(...parts: readonly string[]): Promise<string> {
    const mac = await crypto.subtle.sign('HMAC', this.namer, encoder.encode(JSON.stringify(parts)));
    return [...new Uint8Array(mac)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  async seal(place: string, value: unknown): Promise<Sealed> {
    return encrypt(this.cipher, place, encoder.encode(JSON.stringify(value)));
  }

  /** Null when it does not open here: damaged, of another place or another person. */
  async unseal(place: string, sealed: Sealed): Promise<unknown> {
    const bytes = await decrypt(this.cipher, place, sealed);
    if (!bytes) return null;
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch {
      return null;
    }
  }
}

/** What a passkey wraps: the person's key and the cache key. */
export interface Secrets {
  readonly person: Uint8Array<ArrayBuffer>;
  readonly cache: Uint8Array<ArrayBuffer>;
}

export interface Wrapped {
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly sealed: Sealed;
}

/** Wraps under the 32 bytes of a passkey's PRF. `credential` is bound in: another passkey's blob does not open. */
export async function wrap(
  prf: Uint8Array<ArrayBuffer>,
  credential: Uint8Array,
  { person, cache }: Secrets,
): Promise<Wrapped> {
  const salt = randomBytes(KEY_BYTES);
  const both = new Uint8Array(2 * KEY_BYTES);
  both.set(person, 0);
  both.set(cache, KEY_BYTES);
  const sealed = await encrypt(await wrappingKey(prf, salt), placeOf(credential), both);
  both.fill(0);
  return { salt, sealed };
}

/** Null when this passkey does not open it. */
export async function unwrap(
  prf: Uint8Array<ArrayBuffer>,
  credential: Uint8Array,
  { salt, sealed }: Wrapped,
): Promise<Secrets | null> {
  const both = await decrypt(await wrappingKey(prf, salt), placeOf(credential), sealed);
  if (both?.length !== 2 * KEY_BYTES) return null;
  const secrets = { person: both.slice(0, KEY_BYTES), cache: both.slice(KEY_BYTES) };
  both.fill(0);
  return secrets;
}

async function wrappingKey(prf: Uint8Array<ArrayBuffer>, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  if (prf.length !== KEY_BYTES) throw new RangeError('a PRF output has 32 bytes');
  const ikm = await crypto.subtle.importKey('raw', prf, 'HKDF', false, ['deriveKey']);
  const aes = { name: 'AES-GCM', length: 256 };
  return crypto.subtle.deriveKey(hkdf(salt, 'relaybox/device/wrap/1'), ikm, aes, false, [
    'encrypt',
    'decrypt',
  ]);
}

function hkdf(salt: Uint8Array<ArrayBuffer>, info: string): HkdfParams {
  return { name: 'HKDF', hash: 'SHA-256', salt, info: encoder.encode(info) };
}

function placeOf(credential: Uint8Array): string {
  return `wrap ${[...credential].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

async function encrypt(key: CryptoKey, place: string, bytes: Uint8Array<ArrayBuffer>): Promise<Sealed> {
  const iv = randomBytes(NONCE_BYTES);
  const text = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: encoder.encode(place) },
    key,
    bytes,
  );
  const sealed = new Uint8Array(NONCE_BYTES + text.byteLength);
  sealed.set(iv, 0);
  sealed.set(new Uint8Array(text), NONCE_BYTES);
  return sealed;
}

async function decrypt(
  key: CryptoKey,
  place: string,
  sealed: Sealed,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (sealed.length < NONCE_BYTES) return null;
  try {
    const text = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: sealed.slice(0, NONCE_BYTES), additionalData: encoder.encode(place) },
      key,
      sealed.slice(NONCE_BYTES),
    );
    return new Uint8Array(text);
  } catch {
    return null;
  }
}
