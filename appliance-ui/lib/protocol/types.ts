/**
 * The words of the wire, shared by every module of `protocol`. Keys, ids and hashes are lower-case hex;
 * times are unix seconds. No IO here, and none in any file beside this one: no socket, no storage, no clock;
 * callers pass `now` and random bytes.
 */

/** Lower-case hex. 64 characters for keys, event ids and SHA-256. */
export type Hex = string;

/** A Nostr event as it stands on the wire (NIP-01). */
export interface Event {
  readonly id: Hex;
  readonly pubkey: Hex;
  readonly created_at: number;
  readonly kind: number;
  readonly tags: readonly (readonly string[])[];
  readonly content: string;
  readonly sig: Hex;
}

export type Compartment = 'desk' | 'chart' | 'confidential';

/** A well-formed FHIR R4 resource, without its padding. */
export type Resource = { readonly resourceType: string; readonly [element: string]: unknown };
