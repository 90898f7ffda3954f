/**
 * The rule for what came from the former system (docs/ref/protocol.md 2.6): id and signature hold, the receipt's row
 * says import, and the signer is one that the 2105 of epoch 0 names, or the patient.
 */
import { DEPTH_MAX, typeFits } from '../body.ts';
import { links, pTag, tagValue } from '../event.ts';
import { parseStrict } from '../json.ts';
import { currentKind, kinds } from '../kinds.ts';
import type { View } from '../policy/types.ts';
import type { Event, Hex, Resource } from '../types.ts';
import { orderOf, type Placed } from './judge.ts';
import type { ImportOpening } from './opening.ts';
import type { Outcome, Reason } from './types.ts';

export function judgeImport(view: View, event: Event, row: Placed, opening: ImportOpening): Outcome | Reason {
  const epoch = view.legacyEpoch();
  const subject = pTag(event, 1);
  if (epoch === null || !(epoch.signers.includes(event.pubkey) || subject === event.pubkey)) {
    return 'import-signer';
  }
  const kind = currentKind(event.kind);
  if (kind < kinds.patient || kind > kinds.document) return 'role';
  if (pTag(event, 0) !== epoch.chart) return 'epoch';
  if (subject === null) return 'subject';
  if (opening.is === 'failed') return 'body';
  if (opening.is !== 'opened') {
    const { received } = row;
    return {
      is: 'sealed',
      sealed: { kind: event.kind, signer: event.pubkey, compartment: 'chart', received },
    };
  }
  const resource = opening.text === null ? null : resourceOf(kind, event, opening.text, subject);
  if (resource === null) return 'body';
  return shown(event, row, subject, resource, opening.copiesDiffer);
}

/**
 * The resource of an imported body. Messages were plain text with the subject line in a tag; they become a
 * Communication that says the same.
 */
function resourceOf(kind: number, event: Event, text: string, subject: Hex): Resource | null {
  if (kind !== kinds.message) {
    const resource = parseStrict(text, DEPTH_MAX);
    const type = resource?.resourceType;
    return resource !== null && typeof type === 'string' && typeFits(kind, type)
      ? { ...resource, resourceType: type }
      : null;
  }
  const person = (value: Hex) => ({ identifier: { system: 'urn:nostr:pubkey', value } });
  const line = tagValue(event, 'subject');
  return {
    resourceType: 'Communication',
    status: 'completed',
    sender: person(event.pubkey),
    subject: person(subject),
    payload: [{ contentString: text }],
    ...(line === null ? {} : { topic: { text: line } }),
  };
}

function shown(event: Event, row: Placed, subject: Hex, resource: Resource, copiesDiffer: boolean): Outcome {
  const kind = currentKind(event.kind);
  return {
    is: 'shown',
    record: {
      id: event.id,
      aliases: [],
      kind,
      signer: event.pubkey,
      author: 'former',
      subject,
      compartment: 'chart',
      act: null,
      resource,
      links: links(event),
      sign: false,
      order: orderOf(row),
      createdAt: event.created_at,
    },
    marks: { copiesDiffer, unsigned: false, outside: kind === kinds.outsideRecord, former: true },
    chain: row.chain,
  };
}
