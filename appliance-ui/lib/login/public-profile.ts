/**
 * Whether a key has a public profile (kind 0, NIP-01). A practice that signs in such a key writes beside a child's
 * record who the family is: whoever sees the public key knows the profile. So whoever registers a family may ask, at
 * relays that a person entered; nothing is asked unasked, and no key logs in anywhere for it.
 *
 * "None found" is no proof that there is none: other relays may hold one.
 */
import { verify } from '../protocol/event.ts';
import { isObject } from '../protocol/json.ts';
import { kinds } from '../protocol/kinds.ts';
import type { Event, Hex } from '../protocol/types.ts';
import { relayUrl } from '../relay/address.ts';
import { type Clock, systemClock } from '../relay/clock.ts';
import { parseFrame } from '../relay/frames.ts';
import type { Dial } from '../relay/link.ts';
import { dialWebSocket } from '../relay/websocket.ts';

export type PublicProfile =
  /** `name` as the profile says it, cut to a line; null when it names nobody. */
  | { readonly is: 'public'; readonly name: string | null; readonly relay: string }
  /** Each relay answered and holds none. */
  | { readonly is: 'none-found' }
  /** These relays gave no answer (silent, gone, or only after a login); the others hold none. */
  | { readonly is: 'unknown'; readonly silent: readonly string[] };

export interface AskOptions {
  readonly dial?: Dial;
  readonly clock?: Clock;
  readonly answerMs?: number;
}

const ANSWER_MS = 8_000;
const NAME_MAX = 60;
const FRAME_MAX = 458_752;

/** Asks each relay once. What is no `wss:` address counts as silent. */
export async function publicProfile(
  key: Hex,
  relays: readonly string[],
  options: AskOptions = {},
): Promise<PublicProfile> {
  const asked = [...new Set(relays)].map(async (relay) => {
    const url = relayUrl(relay);
    return { relay, found: url === null ? 'silent' : await ask(url, key, options) };
  });
  const answers = await Promise.all(asked);
  for (const { relay, found } of answers)
    if (typeof found !== 'string') return { is: 'public', name: nameOf(found), relay };
  const silent = answers.filter(({ found }) => found === 'silent').map(({ relay }) => relay);
  return silent.length > 0 || answers.length === 0 ? { is: 'unknown', silent } : { is: 'none-found' };
}

function ask(
  url: string,
  key: Hex,
  { dial = dialWebSocket, clock = systemClock, answerMs = ANSWER_MS }: AskOptions,
): Promise<Event | 'none' | 'silent'> {
  return new Promise((resolve) => {
    const end = (answer: Event | 'none' | 'silent') => {
      cancel();
      resolve(answer);
      queueMicrotask(() => socket?.close());
    };
    const cancel = clock.after(answerMs, () => end('silent'));
    const take = (text: string) => {
      const frame = text.length > FRAME_MAX ? null : parseFrame(text);
      if (frame?.is === 'eose') end('none');
      if (frame?.is === 'closed') end('silent');
      if (frame?.is === 'event' && isProfileOf(frame.event, key)) end(frame.event);
    };
    const question = JSON.stringify([
      'REQ',
      'profile',
      { kinds: [kinds.metadata], authors: [key], limit: 1 },
    ]);
    let socket: ReturnType<Dial> | null = null;
    socket = dial(url, {
      open: () => queueMicrotask(() => socket?.send(question)),
      text: take,
      closed: () => end('silent'),
    });
  });
}

/** Anybody can say anything of a key: only what it signed itself counts. */
function isProfileOf(event: Event, key: Hex): boolean {
  return event.kind === kinds.metadata && event.pubkey === key && verify(event) === null;
}

function nameOf({ content }: Event): string | null {
  let profile: unknown;
  try {
    profile = JSON.parse(content);
  } catch {
    return null;
  }
  if (!isObject(profile)) return null;
  const found = [profile.display_name, profile.name].find(
    (name): name is string => typeof name === 'string' && name.trim() !== '',
  );
  const clean = found
    ?.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(0, NAME_MAX);
  return clean ? clean : null;
}
