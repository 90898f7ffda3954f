/**
 * What a person types for a ceremony: the PIN of a slot key, or recovery words. It leaves the page sealed to the
 * ceremony's one-time key, so that whatever carries it to the vault holds ciphertext. A hostile page is not kept out
 * by this: it reads the keyboard.
 *
 * A PIN is judged here by the rules of the vault (`firmware/vault/src/pin.rs`, `tests/vectors/pin.json`), so that a
 * person learns at once of one that cannot be right. The vault judges it again, before a try is spent.
 */
import { toUtf8 } from '../protocol/bytes.ts';
import { Sealer } from '../protocol/keys.ts';
import type { Random } from '../protocol/random.ts';
import type { Hex } from '../protocol/types.ts';

/** Shortest PIN, code points (CTAP 2.1 section 6.5.1); a key may ask for more. */
export const CODE_POINTS_MIN = 4;
/** Longest PIN, bytes of UTF-8 (the same). */
export const BYTES_MAX = 63;

/** Why a PIN is not sent. */
export type PinError =
  | { readonly is: 'short'; readonly given: number; readonly least: number }
  | { readonly is: 'long' }
  /** It cannot be typed on every keyboard. */
  | { readonly is: 'control' };

export type ParsedPin =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly error: PinError };

/** The PIN in Unicode's form C. `least` is the key's own minimum in code points. */
export function parsePin(typed: string, least: number): ParsedPin {
  const pin = typed.normalize('NFC');
  const [given, needed] = [[...pin].length, Math.max(least, CODE_POINTS_MIN)];
  const no = (error: PinError) => ({ ok: false, error }) as const;
  if (/\p{Cc}/u.test(pin) || !pin.isWellFormed()) return no({ is: 'control' });
  if (given < needed) return no({ is: 'short', given, least: needed });
  return toUtf8(pin).length > BYTES_MAX ? no({ is: 'long' }) : { ok: true, value: pin };
}

/** What `Type` of the vault's socket takes: a NIP-44 v2 payload, and the one-time key that it is from. */
export interface Typed {
  readonly from: Hex;
  readonly sealed: string;
}

/** Seals a PIN that was judged, or words, to the key of a ceremony. Throws when the key is not on the curve. */
export function sealTyped(text: string, ceremonyKey: Hex, random: Random): Typed {
  const sealer = new Sealer(random);
  return { from: sealer.ek, sealed: sealer.seal(ceremonyKey, toUtf8(text.normalize('NFC')), random) };
}
