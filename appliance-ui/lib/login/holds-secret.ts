/**
 * Whether a text holds what must never stand in an ordinary field: a secret key, a locked key, or seed words. Asked
 * of every text field where none is wanted, so that a key pasted into the wrong place goes nowhere.
 */
import { wordlist } from '@scure/bip39/wordlists/english.js';

/** BIP-39 knows 12, 15, 18, 21 and 24 words; ordinary sentences have no run of twelve words of the list. */
const seedRun = 12;
const bech32Key = /n(sec|cryptsec)1[02-9ac-hj-np-z]{20,}/i;

let known: ReadonlySet<string> | null = null;

export function holdsSecret(text: string): boolean {
  if (bech32Key.test(text.replaceAll(/\s/g, ''))) return true;
  known ??= new Set(wordlist);
  let run = 0;
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    run = known.has(word) ? run + 1 : 0;
    if (run >= seedRun) return true;
  }
  return false;
}
