/**
 * What a person has written and the practice does not have yet: a pure state machine. Callers hand in what happened
 * with `now` (unix seconds) and do what comes back; the state is plain data, so that it can be kept sealed.
 *
 * What each state means to the person, and no other word may be used for it:
 *  - `queued`: on this device, not yet at the practice.
 *  - `sent`: on its way; nothing is known.
 *  - `stored`: at the practice (the box has said so after committing it); its receipt is still to come.
 *  - `received`: at the practice, with a receipt.
 *  - `refused`: not accepted, with the reason; the text is here and can be edited.
 *
 * Invariants
 *  - Only a lasting refusal ends an item, and even then its text stays until the person lets it go.
 *  - Silence, a lost connection and a box in trouble never change what the person wrote, nor say that it is lost.
 *  - An item keeps its act `r` however often it is built: after a rotation of epochs, or when it is six days old, it
 *    is built anew with the same `r`, so that readers take both as one.
 *  - One item is on its way at a time, the oldest first.
 */
import type { Compartment, Hex } from '../protocol/types.ts';
import type { RefusalClass } from '../relay/refusal.ts';

export interface Built {
  readonly id: Hex;
  readonly epochKey: Hex;
  readonly createdAt: number;
}

export type ItemState =
  /** Not before `after`; `why` of the last try. */
  | { readonly is: 'queued'; readonly why: Why; readonly after: number; readonly tries: number }
  | { readonly is: 'sent'; readonly at: number; readonly tries: number }
  | { readonly is: 'stored'; readonly at: number }
  | { readonly is: 'received'; readonly at: number }
  | { readonly is: 'refused'; readonly class: RefusalClass; readonly said: string; readonly at: number };

export type Why = 'new' | 'offline' | 'rate' | 'box' | 'epoch' | 'age';

export interface Item {
  /** The act, 32 bytes: kept by every build. */
  readonly r: Hex;
  readonly compartment: Compartment;
  readonly writtenAt: number;
  readonly built: Built | null;
  /** Ids of earlier builds: any of them may have been stored without our hearing of it. */
  readonly earlier: readonly Hex[];
  readonly state: ItemState;
}

export interface Outbox {
  /** Oldest first. */
  readonly items: readonly Item[];
  readonly connected: boolean;
  /** The current epoch key of each compartment; null while unknown: then nothing is built. */
  readonly epochs: Readonly<Record<Compartment, Hex>> | null;
}

export type Input =
  | { readonly is: 'write'; readonly r: Hex; readonly compartment: Compartment }
  | { readonly is: 'connected' }
  | { readonly is: 'disconnected' }
  | { readonly is: 'epochs'; readonly keys: Readonly<Record<Compartment, Hex>> }
  | {
      readonly is: 'built';
      readonly r: Hex;
      readonly id: Hex;
      readonly epochKey: Hex;
      readonly createdAt: number;
    }
  | { readonly is: 'accepted'; readonly id: Hex }
  | { readonly is: 'refused'; readonly id: Hex; readonly class: RefusalClass; readonly said: string }
  | { readonly is: 'unanswered'; readonly id: Hex }
  /** A receipt that counts names this id. */
  | { readonly is: 'receipt'; readonly id: Hex; readonly received: number }
  /** The person takes a refused item, or one that never left, back. */
  | { readonly is: 'drop'; readonly r: Hex }
  | { readonly is: 'time' };

export type Effect =
  /** Build the event of this act for this epoch key, with this time, and hand in `built`. */
  | { readonly is: 'build'; readonly r: Hex; readonly epochKey: Hex; readonly createdAt: number }
  | { readonly is: 'send'; readonly id: Hex };

export const emptyOutbox: Outbox = { items: [], connected: false, epochs: null };

/** The relay takes events for seven days; a day is left for a clock that is off, and for the way. */
export const OLD_AFTER_SECONDS = 6 * 86_400;
const RATE_SECONDS = 600;
const FIRST_RETRY_SECONDS = 5;
const LONGEST_RETRY_SECONDS = 600;
/** The words with which a relay asks for a new build. */
const ANEW = 'build the event anew';
const BUILDS_MAX = 8;

export function handleOutbox(
  before: Outbox,
  input: Input,
  now: number,
): { readonly outbox: Outbox; readonly effects: readonly Effect[] } {
  const outbox = take(before, input, now);
  const effects: Effect[] = [];
  return { outbox: outbox.connected ? go(outbox, now, effects) : outbox, effects };
}

/** When `time` is to be handed in; null: nothing waits for a moment. */
export function pollOutbox({ items, connected, epochs }: Outbox): number | null {
  if (!connected || !epochs || items.some(({ state }) => state.is === 'sent')) return null;
  const waits = items.flatMap(({ state }) => (state.is === 'queued' ? [state.after] : []));
  return waits.length === 0 ? null : Math.min(...waits);
}

function take(outbox: Outbox, input: Input, now: number): Outbox {
  switch (input.is) {
    case 'write':
      return written(outbox, input.r, input.compartment, now);
    case 'connected':
      return { ...outbox, connected: true };
    case 'disconnected':
      return { ...each(outbox, (item) => unanswered(item, now, 'offline')), connected: false };
    case 'epochs':
      return { ...outbox, epochs: input.keys };
    case 'built':
      return change(
        outbox,
        ({ r }) => r === input.r,
        (item) => rebuilt(item, input),
      );
    case 'accepted':
      return change(outbox, named(input.id), (item) =>
        item.state.is === 'received' ? item : { ...item, state: { is: 'stored', at: now } },
      );
    case 'refused':
      return change(outbox, named(input.id), (item) => refused(item, input, now));
    case 'unanswered':
      return change(outbox, named(input.id), (item) => unanswered(item, now, 'offline'));
    case 'receipt':
      // Also of an earlier build: then this act is at the practice, whatever became of the later one.
      return change(outbox, named(input.id), (item) => ({
        ...item,
        state: { is: 'received', at: input.received },
      }));
    case 'drop':
      return { ...outbox, items: outbox.items.filter((item) => item.r !== input.r || !mayDrop(item)) };
    case 'time':
      return outbox;
  }
}

/** Whether the person may take it back: it was refused, or has never left this device. */
export function mayDrop({ state, earlier, built }: Item): boolean {
  return (
    state.is === 'refused' || (state.is === 'queued' && state.why === 'new' && !built && earlier.length === 0)
  );
}

function written(outbox: Outbox, r: Hex, compartment: Compartment, now: number): Outbox {
  // The same act again is the same item: a double click writes once.
  if (outbox.items.some((item) => item.r === r)) return outbox;
  const state = { is: 'queued', why: 'new', after: now, tries: 0 } as const;
  const item = { r, compartment, writtenAt: now, built: null, earlier: [], state };
  return { ...outbox, items: [...outbox.items, item] };
}

function rebuilt(item: Item, { id, epochKey, createdAt }: Input & { is: 'built' }): Item {
  if (item.state.is !== 'queued' || item.built?.id === id) return item;
  const earlier = item.built === null ? item.earlier : [...item.earlier, item.built.id];
  return { ...item, built: { id, epochKey, createdAt }, earlier };
}

function refused(item: Item, { class: kind, said }: Input & { is: 'refused' }, now: number): Item {
  if (item.state.is === 'received') return item;
  const tries = item.state.is === 'sent' ? item.state.tries : 0;
  const queue = (why: Why, after: number): Item => ({ ...item, state: { is: 'queued', why, after, tries } });
  switch (kind) {
    case 'rate-limited':
      return queue('rate', now + RATE_SECONDS);
    case 'unavailable':
      return queue('box', now + retryAfter(tries));
    case 'unauthenticated':
      return queue('offline', now + retryAfter(tries));
    case 'invalid':
      if (said.includes(ANEW) && item.earlier.length < BUILDS_MAX && item.built)
        return anew(item, now, tries);
  }
  return { ...item, state: { is: 'refused', class: kind, said, at: now } };
}

/** The epoch had changed, or the event was too old: it is built again, for whatever is current then. */
function anew(item: Item, now: number, tries: number): Item {
  const earlier = item.built ? [...item.earlier, item.built.id] : item.earlier;
  return { ...item, built: null, earlier, state: { is: 'queued', why: 'epoch', after: now, tries } };
}

function unanswered(item: Item, now: number, why: Why): Item {
  if (item.state.is !== 'sent') return item;
  const { tries } = item.state;
  return { ...item, state: { is: 'queued', why, after: now + retryAfter(tries), tries } };
}

function retryAfter(tries: number): number {
  return Math.min(FIRST_RETRY_SECONDS * 2 ** Math.min(tries, 12), LONGEST_RETRY_SECONDS);
}

/** Sends the oldest item that is due, or has it built first. */
function go(outbox: Outbox, now: number, effects: Effect[]): Outbox {
  const { epochs } = outbox;
  if (!epochs || outbox.items.some(({ state }) => state.is === 'sent')) return outbox;
  const next = outbox.items.find(({ state }) => state.is === 'queued' && state.after <= now);
  if (next?.state.is !== 'queued') return outbox;
  const epochKey = epochs[next.compartment];
  const { built } = next;
  if (!built || built.epochKey !== epochKey || now - built.createdAt >= OLD_AFTER_SECONDS) {
    effects.push({ is: 'build', r: next.r, epochKey, createdAt: now });
    return outbox;
  }
  effects.push({ is: 'send', id: built.id });
  const state = { is: 'sent', at: now, tries: next.state.tries + 1 } as const;
  return change(
    outbox,
    ({ r }) => r === next.r,
    (item) => ({ ...item, state }),
  );
}

function named(id: Hex): (item: Item) => boolean {
  return ({ built, earlier }) => built?.id === id || earlier.includes(id);
}

function change(outbox: Outbox, is: (item: Item) => boolean, to: (item: Item) => Item): Outbox {
  return each(outbox, (item) => (is(item) ? to(item) : item));
}

function each(outbox: Outbox, to: (item: Item) => Item): Outbox {
  return { ...outbox, items: outbox.items.map(to) };
}
