import { expect, test } from 'vitest';
import { fromUtf8 } from '../protocol/bytes.ts';
import { openSealed } from '../protocol/keys.ts';
import { random } from '../protocol/testing.ts';
import type { Hex } from '../protocol/types.ts';
import { rows, secretOf, vectors } from '../protocol/vectors.ts';
import { type PinError, parsePin, sealTyped } from './pin.ts';

interface File {
  readonly pins: readonly {
    readonly name: string;
    readonly typed: string;
    readonly least: number;
    readonly pin: string | null;
    readonly error: PinError | null;
  }[];
  readonly sealed: readonly {
    readonly text: string;
    readonly ceremony: Hex;
    readonly stream: string;
    readonly from: Hex;
    readonly sealed: string;
    readonly opened: string;
  }[];
}

const file = vectors<File>('pin.json');

test('a PIN is judged in code points and bytes of form C, as the vault judges it', () => {
  for (const { name, typed, least, pin, error } of rows(file.pins)) {
    const judged = parsePin(typed, least);
    expect(judged.ok ? judged.value : judged.error, name).toEqual(pin ?? error);
  }
});

test('half a character is no PIN', () => {
  expect(parsePin('12\ud83d45', 4)).toEqual({ ok: false, error: { is: 'control' } });
  expect(parsePin('12😀45', 4).ok).toBe(true);
});

test('what is typed opens for the ceremony alone, in form C, and does not show its length', () => {
  for (const { text, ceremony, from, sealed, opened } of rows(file.sealed)) {
    const key = secretOf(ceremony);
    const back = openSealed(key, from, sealed);
    expect(back.ok && fromUtf8(back.value)).toBe(opened);
    const again = sealTyped(text, key.publicKey, random(text));
    const mine = openSealed(key, again.from, again.sealed);
    expect(mine.ok && fromUtf8(mine.value)).toBe(opened);
    expect(openSealed(secretOf('11'.repeat(32)), again.from, again.sealed).ok).toBe(false);
  }
  const [short, long] = ['1234', '1'.repeat(32)].map(
    (pin) => sealTyped(pin, secretOf(file.sealed[0]?.ceremony).publicKey, random('x')).sealed.length,
  );
  expect(short).toBe(long);
});
