/** Frames from a relay (NIP-01, 42, 45): parsed once, strictly; what is no frame is null. */
import { eventFrom } from '../protocol/event.ts';
import { isObject } from '../protocol/json.ts';
import type { Event, Hex } from '../protocol/types.ts';

export type Frame =
  | { readonly is: 'event'; readonly subscription: string; readonly event: Event }
  | { readonly is: 'eose'; readonly subscription: string }
  | { readonly is: 'closed'; readonly subscription: string; readonly text: string }
  | { readonly is: 'ok'; readonly id: Hex; readonly accepted: boolean; readonly text: string }
  | { readonly is: 'neg'; readonly subscription: string; readonly message: string }
  | { readonly is: 'neg-error'; readonly subscription: string; readonly text: string }
  | { readonly is: 'auth'; readonly challenge: string }
  | { readonly is: 'notice'; readonly text: string };

/** A filter (NIP-01). */
export interface Filter {
  ids?: readonly Hex[];
  authors?: readonly Hex[];
  kinds?: readonly number[];
  since?: number;
  until?: number;
  limit?: number;
  [tag: `#${string}`]: readonly string[];
}

const CHALLENGE_MAX = 1_024;

export function parseFrame(text: string): Frame | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(json)) return null;
  const [word, first, second, third] = json as readonly unknown[];
  if (typeof first !== 'string') return null;
  switch (word) {
    case 'EVENT':
      return isEvent(second) ? { is: 'event', subscription: first, event: second } : null;
    case 'EOSE':
      return { is: 'eose', subscription: first };
    case 'CLOSED':
      return { is: 'closed', subscription: first, text: typeof second === 'string' ? second : '' };
    case 'OK':
      if (typeof second !== 'boolean') return null;
      return { is: 'ok', id: first, accepted: second, text: typeof third === 'string' ? third : '' };
    case 'NEG-MSG':
      return typeof second === 'string' ? { is: 'neg', subscription: first, message: second } : null;
    case 'NEG-ERR':
      return { is: 'neg-error', subscription: first, text: typeof second === 'string' ? second : '' };
    case 'AUTH':
      return first.length <= CHALLENGE_MAX ? { is: 'auth', challenge: first } : null;
    case 'NOTICE':
      return { is: 'notice', text: first };
    default:
      return null;
  }
}

/** Whether a value is an event by the strict rules of the contract. Neither id nor signature is looked at. */
export function isEvent(value: unknown): value is Event {
  return isObject(value) && eventFrom(value).ok;
}

/** Whether an event is one that a filter asks for. Limits do not count here. */
export function matches(filter: Filter, event: Event): boolean {
  if (filter.ids && !filter.ids.includes(event.id)) return false;
  if (filter.authors && !filter.authors.includes(event.pubkey)) return false;
  if (filter.kinds && !filter.kinds.includes(event.kind)) return false;
  if (filter.since !== undefined && event.created_at < filter.since) return false;
  if (filter.until !== undefined && event.created_at > filter.until) return false;
  for (const [name, values] of Object.entries(filter)) {
    if (!name.startsWith('#')) continue;
    const wanted = values as readonly string[];
    const found = event.tags.some(([tag, cell]) => tag === name.slice(1) && wanted.includes(cell ?? ''));
    if (!found) return false;
  }
  return true;
}
