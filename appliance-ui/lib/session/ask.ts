/** What a family asks of a relay: the policy that it may read, its own keys and grants, and the records. */

import { pTag } from '../protocol/event.ts';
import { kinds } from '../protocol/kinds.ts';
import type { Event, Hex } from '../protocol/types.ts';
import type { Filter } from '../relay/frames.ts';

/** Policy, links, suspensions, grants and registrations that name the reader; the relay's scope says which. */
const POLICY = [2100, 2101, 2102, 2103, 2104, 2105, 2106, 2107, 2108, 2109, 2110, 2127];
/** Records and their receipts; the former numbering too. */
const RECORDS = [
  ...Array.from({ length: 12 }, (_, n) => 2110 + n),
  kinds.receipt,
  kinds.confidential,
  kinds.resource,
  kinds.outsideRecord,
  kinds.visit,
  ...Array.from({ length: 12 }, (_, n) => 1000 + n),
];
/** What families write in the one-copy form. */
const FAMILY = [kinds.message, kinds.confidential, kinds.outsideRecord, kinds.visit, 1007];

/** Policy of all members with its receipts, and what these keys of the practice say of it. */
export function policyFilters(practices: readonly Hex[]): Filter[] {
  return [
    { kinds: POLICY },
    { kinds: [kinds.receipt], '#c': ['policy'] },
    { kinds: [kinds.metadata], authors: [...practices] },
  ];
}

/** Everybody who is registered or linked in this policy. */
export function namedPatients(policy: Iterable<Event>): Set<Hex> {
  const named = new Set<Hex>();
  for (const event of policy) {
    const key =
      event.kind === kinds.guardianLink
        ? pTag(event, 0)
        : event.kind === kinds.patient
          ? pTag(event, 1)
          : null;
    if (key !== null) named.add(key);
  }
  return named;
}

/**
 * Registrations and receipts of these patients, and what else policy says of them: a registration counts by its
 * receipt in the patient's own chain, and a link only to somebody who is registered.
 */
export function registrationFilters(named: ReadonlySet<Hex>): Filter[] {
  const about = [kinds.guardianLink, kinds.suspension, kinds.fhirClientGrant, kinds.patient, kinds.receipt];
  return named.size === 0 ? [] : [{ kinds: about, '#p': [...named] }];
}

/** What was written by this key, or to it alone. */
export function ownFilters(me: Hex): Filter[] {
  return [
    { kinds: RECORDS, '#p': [me] },
    { kinds: FAMILY, authors: [me] },
  ];
}

/** Everything about one patient: the line of T's. */
export function subjectFilters(line: readonly Hex[]): Filter[] {
  return [{ kinds: RECORDS, '#p': line }];
}

/** Whether an event is policy or a policy receipt: then every judgement may change. */
export function movesPolicy(event: { readonly kind: number; readonly tags: readonly (readonly string[])[] }) {
  if (event.kind === kinds.receipt) return event.tags.some(([name]) => name === 'c');
  return (POLICY.includes(event.kind) && event.kind !== 2106) || event.kind === kinds.destruction;
}

/** Whether an event can be a record. */
export function isRecordKind(kind: number): boolean {
  return kind !== kinds.receipt && RECORDS.includes(kind);
}
