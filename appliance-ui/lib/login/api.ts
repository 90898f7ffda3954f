/**
 * What the sign-in pages call (`lib/login/ways.ts` does it). Every way ends in a `Session`, or in a `SessionError`
 * whose code says what to show: `cancelled` (nothing was opened), `wrong-key` (wrong password, or this passkey
 * opens nothing here), `invalid` (no key in what was given, or no passkey of the needed kind on this device),
 * `storage` (the browser refuses or lost its storage: first visit).
 *
 * Invariants
 *  - A secret goes from the page to the worker once; it is in no web storage, and wrapped only.
 *  - A passkey counts as made when its person holds an `ncryptsec` of the key and says so; before, this device
 *    keeps nothing under it.
 */
import type { KeyRole } from '../protocol/keys.ts';
import type { Hex } from '../protocol/types.ts';
import type { PracticeAddress, Session } from '../session/api.ts';

/** What this device knows before anybody has signed in: numbers only. */
export interface Here {
  /** Persons with a passkey here. 0: first visit, or the browser has removed its storage. */
  readonly people: number;
  /** Whether passkeys can be made or used here at all. */
  readonly passkeys: boolean;
  /** Whether an extension with a key is present (NIP-07). */
  readonly extension: boolean;
}

/** A key that waits to be signed in: both screens show its words. */
export interface Enrolled {
  readonly key: Hex;
  readonly words: readonly string[];
  /** Unix seconds: from then on it waits no more. */
  readonly until: number;
}

/** A passkey that exists on its authenticator and counts for nothing yet. */
export interface PasskeyInMaking {
  /** The key as `ncryptsec` (NIP-49) under a password that the person chooses: to be kept elsewhere. */
  backUp(password: string): Promise<string>;
  /** The person has the `ncryptsec`. From now on this passkey opens the key here. Rejects before `backUp`. */
  keep(): Promise<void>;
  /** Nothing of it stays on this device. */
  drop(): void;
}

export interface Ways {
  here(): Promise<Here>;
  /** The main way: one touch. Opens the practice that was open last. */
  withPasskey(): Promise<Session>;
  /** An `nsec` from the clipboard or a QR; the text is not kept. */
  withText(text: string, address: PracticeAddress): Promise<Session>;
  /** An `ncryptsec` and its password. */
  withPassword(text: string, password: string, address: PracticeAddress): Promise<Session>;
  withExtension(address: PracticeAddress): Promise<Session>;
  /** A signer far away (NIP-46), by its `bunker://` text. `ask` shows a page where the signer wants consent. */
  withBunker(text: string, address: PracticeAddress, ask: (url: string) => void): Promise<Session>;
  /** A fresh key, which no practice knows yet. */
  withNewKey(address: PracticeAddress): Promise<Session>;
  /**
   * Sends the public side of a session's key to the box of this page, with the token of an access sheet. Rejects with
   * `invalid` when the token is not open or the key is elsewhere, `offline` when the box does not answer.
   */
  enrol(session: Session, token: Hex, role: KeyRole): Promise<Enrolled>;
  /**
   * Makes a passkey for the key of an open session and has it asserted twice. `name` stands beside it in the
   * device's own list. Rejects with `invalid` when the session's key is elsewhere or the device cannot do it.
   */
  makePasskey(session: Session, name: string): Promise<PasskeyInMaking>;
  /**
   * The key as `ncryptsec` once more, after the person has shown the passkey again: an open session is not enough.
   * Rejects with `wrong-key` when it is another person's, `invalid` when the key is elsewhere or none is made here.
   */
  lockedCopy(session: Session, password: string): Promise<string>;
  /** Ends every session of this browser and removes all that was kept here, passkeys' wrapped keys included. */
  forgetDevice(): Promise<void>;
}
