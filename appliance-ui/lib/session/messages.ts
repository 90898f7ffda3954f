/**
 * What page and worker say to each other. Plain data only; a secret goes from page to worker once, as a buffer that
 * the page gives away, and never comes back.
 */
import type { UsedPasskey } from '../device/device.ts';
import type { KeyRole } from '../protocol/keys.ts';
import type { Event, Hex } from '../protocol/types.ts';
import type { ChartView, MayRead, PracticeAddress, SessionErrorCode, Snapshot } from './api.ts';
import type { Template } from './signer.ts';

/** Where the key comes from. Texts are read in the worker, so that a page never holds the bytes. */
export type Key =
  | { readonly is: 'secret'; readonly bytes: Uint8Array }
  /** `nsec`, or 64 hex characters. */
  | { readonly is: 'text'; readonly text: string }
  /** NIP-49. */
  | { readonly is: 'ncryptsec'; readonly text: string; readonly password: string }
  /** A fresh one. */
  | { readonly is: 'new' }
  /** Wrapped on this device. */
  | { readonly is: 'passkey'; readonly used: UsedPasskey }
  /** Somebody on the page's side signs. */
  | { readonly is: 'outside'; readonly publicKey: Hex };

/** What a view says beside the records. */
export type AboutChart = Omit<ChartView, 'chart' | 'checked' | 'apart'>;

export type ToWorker =
  /** Without an address: the practice that was open last. */
  | { readonly is: 'open'; readonly key: Key; readonly address: PracticeAddress | null }
  | { readonly is: 'watch'; readonly id: number }
  | { readonly is: 'watch-chart'; readonly id: number; readonly key: Hex }
  | { readonly is: 'unwatch'; readonly id: number }
  | { readonly is: 'may-read'; readonly id: number; readonly key: Hex }
  | { readonly is: 'enter'; readonly id: number; readonly address: PracticeAddress }
  | { readonly is: 'leave'; readonly id: number; readonly practice: Hex }
  /** The passkeys that open something on this device. */
  | { readonly is: 'passkeys'; readonly id: number }
  /** The key as `ncryptsec`; with `used` only when this passkey opens the same key here. */
  | {
      readonly is: 'back-up';
      readonly id: number;
      readonly password: string;
      readonly used: UsedPasskey | null;
    }
  /** The key's proof of possession for the practice that is open (docs/ref/protocol.md 2.7). */
  | { readonly is: 'prove'; readonly id: number; readonly role: KeyRole }
  /** From now on this passkey opens the key here. */
  | { readonly is: 'keep'; readonly id: number; readonly made: UsedPasskey & { readonly id: string } }
  | { readonly is: 'forget'; readonly id: number }
  | { readonly is: 'poke'; readonly online: boolean }
  | { readonly is: 'signed'; readonly id: number; readonly event: Event | null }
  | { readonly is: 'decrypted'; readonly id: number; readonly text: string | null };

export type ToPage =
  | { readonly is: 'opened' }
  | { readonly is: 'snapshot'; readonly id: number; readonly snapshot: Snapshot }
  | { readonly is: 'chart'; readonly id: number; readonly view: ChartView }
  /** The records are those that were sent last; only this is new. Copying a long chart for it would hold up the page. */
  | { readonly is: 'chart-again'; readonly id: number; readonly about: AboutChart }
  | { readonly is: 'may-read'; readonly id: number; readonly rows: readonly MayRead[] }
  | { readonly is: 'passkeys'; readonly id: number; readonly ids: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly is: 'text'; readonly id: number; readonly text: string }
  | { readonly is: 'proof'; readonly id: number; readonly key: Hex; readonly pop: Hex }
  | { readonly is: 'done'; readonly id: number }
  | {
      readonly is: 'failed';
      readonly id: number | null;
      readonly code: SessionErrorCode;
      readonly why: string;
    }
  | { readonly is: 'sign'; readonly id: number; readonly template: Template }
  | { readonly is: 'decrypt'; readonly id: number; readonly peer: Hex; readonly payload: string };

/** One end of the channel. */
export interface Port<Out, In> {
  post(message: Out, give?: readonly ArrayBuffer[]): void;
  listen(take: (message: In) => void): void;
}
