/**
 * What page and worker say to each other. Plain data only; a secret goes from page to worker once, as a buffer that
 * the page gives away, and never comes back.
 */
import type { Event, Hex } from '../protocol/types.ts';
import type { ChartView, MayRead, PracticeAddress, SessionErrorCode, Snapshot } from './api.ts';
import type { Template } from './signer.ts';

/** Whoever signs: 32 bytes that stay in the worker, or somebody on the page's side. */
export type Key =
  | { readonly is: 'secret'; readonly bytes: Uint8Array }
  | { readonly is: 'outside'; readonly publicKey: Hex };

export type ToWorker =
  | { readonly is: 'open'; readonly key: Key; readonly address: PracticeAddress }
  | { readonly is: 'watch'; readonly id: number }
  | { readonly is: 'watch-chart'; readonly id: number; readonly key: Hex }
  | { readonly is: 'unwatch'; readonly id: number }
  | { readonly is: 'may-read'; readonly id: number; readonly key: Hex }
  | { readonly is: 'enter'; readonly id: number; readonly address: PracticeAddress }
  | { readonly is: 'leave'; readonly id: number; readonly practice: Hex }
  | { readonly is: 'poke'; readonly online: boolean }
  | { readonly is: 'signed'; readonly id: number; readonly event: Event | null }
  | { readonly is: 'decrypted'; readonly id: number; readonly text: string | null };

export type ToPage =
  | { readonly is: 'opened' }
  | { readonly is: 'snapshot'; readonly id: number; readonly snapshot: Snapshot }
  | { readonly is: 'chart'; readonly id: number; readonly view: ChartView }
  | { readonly is: 'may-read'; readonly id: number; readonly rows: readonly MayRead[] }
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
