/**
 * Whoever signs and opens for a person: the raw key, which stays in the worker, or a signer outside that never
 * gives it away (NIP-07, NIP-46). The session works with either.
 */

import { sign } from '../protocol/event.ts';
import { SecretKey } from '../protocol/keys.ts';
import { ConversationKeys } from '../protocol/nip44.ts';
import type { Event, Hex } from '../protocol/types.ts';
import { SessionError } from './api.ts';

/** What is to be signed; the signer adds key, id and signature. */
export interface Template {
  readonly kind: number;
  readonly created_at: number;
  readonly tags: readonly (readonly string[])[];
  readonly content: string;
}

export interface Signer {
  readonly publicKey: Hex;
  /** The raw key, when it is here. A signer outside has none. */
  readonly secret: SecretKey | null;
  signEvent(template: Template): Promise<Event>;
  /** Opens a NIP-44 v2 payload from `peer`. Rejects when it does not open. */
  nip44Decrypt(peer: Hex, payload: string): Promise<string>;
}

/** A signer on 32 bytes. They are copied; the caller wipes its own. */
export function keySigner(bytes: Uint8Array): Signer {
  const secret = SecretKey.fromBytes(bytes);
  if (!secret) throw new SessionError('invalid', 'not a secret key');
  const conversations = new ConversationKeys();
  return {
    publicKey: secret.publicKey,
    secret,
    async signEvent({ kind, tags, content, created_at }) {
      return sign(secret, kind, tags, content, created_at);
    },
    async nip44Decrypt(peer, payload) {
      const key = conversations.of(secret, peer);
      const text = key.ok ? key.value.decryptText(payload) : null;
      if (text === null) throw new SessionError('invalid', 'the payload does not open');
      return text;
    },
  };
}

/** The login event of a challenge (NIP-42). */
export function signLogin(signer: Signer, challenge: string, url: string, now: number): Promise<Event> {
  return signer.signEvent({
    kind: 22242,
    created_at: now,
    tags: [
      ['relay', url],
      ['challenge', challenge],
    ],
    content: '',
  });
}
