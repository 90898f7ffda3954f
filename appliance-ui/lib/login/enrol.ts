/**
 * Enrolment (docs/ref/protocol.md 2.7): the public side of a person's key goes to the box with the one-time token of an
 * access sheet, and waits there until staff sign it in. Both screens show the key's four words; a box that says others
 * has another key.
 */
import { fromHex } from '../protocol/bytes.ts';
import { fourWords, type KeyRole } from '../protocol/keys.ts';
import type { Hex } from '../protocol/types.ts';
import { SessionError } from '../session/api.ts';
import type { Proof } from '../session/engine.ts';
import type { Enrolled } from './api.ts';

/** What the box answers; rejects when it does not answer. */
export type Send = (body: string) => Promise<{ readonly status: number; json(): Promise<unknown> }>;

/** The box that serves this page: it takes no enrolment from a page of another origin. */
const toThisBox: Send = (body) =>
  fetch('/enrol', { method: 'POST', headers: { 'content-type': 'application/json' }, body });

/**
 * Rejects with `invalid` when the token is not open, `wrong-key` when the key is somebody's here already, `offline` when
 * the box does not answer, `internal` when its words are not the key's.
 */
export async function enrol(
  { key, pop }: Proof,
  token: Hex,
  role: KeyRole,
  send: Send = toThisBox,
): Promise<Enrolled> {
  const body = JSON.stringify({ token, key, role, pop });
  const answer = await send(body).catch(() => null);
  if (answer === null || answer.status >= 500) throw new SessionError('offline', 'the box does not answer');
  if (answer.status === 409) throw new SessionError('wrong-key', 'this key is somebody’s here already');
  if (answer.status !== 202) throw new SessionError('invalid', 'the token is not open');
  const said = await answer.json().catch(() => null);
  const words = fourWords(fromHex(key, 32) ?? new Uint8Array());
  const { words: theirs, until } = (said ?? {}) as { readonly words?: unknown; readonly until?: unknown };
  const same = Array.isArray(theirs) && theirs.join(' ') === words.join(' ');
  if (!same || typeof until !== 'number') throw new SessionError('internal', 'the box has another key');
  return { key, words, until };
}
