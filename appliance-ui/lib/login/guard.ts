/**
 * Secrets do not belong in a text field that does not ask for one. Whatever a person types or pastes elsewhere is
 * looked through for a secret key (`nsec`, `ncryptsec`) and for the words of a wallet or of recovery (BIP-39, the
 * English list, which nearly all of them use).
 */
import { wordlist } from '@scure/bip39/wordlists/english.js';

export type Secret = 'nsec' | 'ncryptsec' | 'words';

/** So many words of the list in a row are no sentence. */
const WORDS_IN_A_ROW = 12;
/** A key that was cut in pasting is still most of a key. */
const CHARACTERS = '[02-9ac-hj-np-z]';
const NSEC = new RegExp(`nsec1${CHARACTERS}{16,}`);
const NCRYPTSEC = new RegExp(`ncryptsec1${CHARACTERS}{16,}`);

let words: ReadonlySet<string> | null = null;

/** What stands in a text that must not; null when nothing does. */
export function findSecret(text: string): Secret | null {
  const lower = text.toLowerCase();
  // Chat apps break long words with blanks and with characters that nobody sees.
  const joined = lower.replace(/[\s\p{Cf}]/gu, '');
  for (const form of [lower, joined]) {
    if (NCRYPTSEC.test(form)) return 'ncryptsec';
    if (NSEC.test(form)) return 'nsec';
  }
  return longestRun(lower) >= WORDS_IN_A_ROW ? 'words' : null;
}

/** The most words of the list in a row; numbers and signs between them do not count. */
function longestRun(text: string): number {
  words ??= new Set(wordlist);
  let run = 0;
  let longest = 0;
  for (const word of text.match(/\p{L}+/gu) ?? []) {
    run = words.has(word) ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
