/** What a session keeps on the device for reading offline; `lib/device` keeps it encrypted. */
import type { Event, Hex } from '../protocol/types.ts';
import type { PracticeAddress } from './api.ts';

/**
 * Which part an event belongs to: a patient's line (its first T), so that it can be removed alone when a link
 * ends; what this key wrote or was sent; or the practice's policy.
 */
export type Part =
  | { readonly is: 'policy' }
  | { readonly is: 'own' }
  | { readonly is: 'subject'; readonly key: Hex };

export interface Kept {
  readonly events: readonly Event[];
  /** Unix seconds: when this was last known to be all. */
  readonly heard: number | null;
}

/** The store of one person at one practice. Events in it were checked before. */
export interface Keep {
  /** False while another tab keeps, or when the browser has removed all of it: then nothing is added here. */
  readonly mine: boolean;
  /** What is damaged is removed; then `heard` is null, because nobody knows what stood there. */
  load(): Promise<Kept>;
  /** Adds events. Rejects with a `SessionError` of code `storage` when the device refuses or is full. */
  add(part: Part, events: readonly Event[]): Promise<void>;
  /** Replaces a part; an empty list removes it. */
  replace(part: Part, events: readonly Event[]): Promise<void>;
  heard(at: number): Promise<void>;
}

/** What one person keeps on this device. */
export interface Home {
  /** False while another tab keeps. */
  readonly mine: boolean;
  /** The browser has removed everything that was kept, the wrapped key included. */
  readonly removed: boolean;
  /** Practices that were entered, the one that was open last in front. */
  practices(): Promise<readonly PracticeAddress[]>;
  savePractices(practices: readonly PracticeAddress[]): Promise<void>;
  keepOf(practice: Hex): Keep;
  /** Removes all that is kept of a practice. */
  clear(practice: Hex): Promise<void>;
}
