/** What a record says of itself: its links, why it was written, where it stands in the order of display. */

import { at, listAt, textAt } from '../elements.ts';
import { kinds } from '../kinds.ts';
import type { Hex, Resource } from '../types.ts';
import type { Change, Marker, ReceiptOrder, Record } from './types.ts';

/**
 * Extension that says why a record changed: `extension` with `code` (valueCode) and `text` (valueString) inside, on
 * the resource or in its `meta`.
 */
export const changeUrl = 'urn:relaybox:change:1';
/** Change code of a confidential record issued again to an own key that came later (2.2, 2123). */
export const reissued = 'reissued';

/** In the order in which they sort. */
const markers: readonly Marker[] = [
  'status-update',
  'correction',
  'deletion',
  'cancelled',
  'addendum',
  'result',
  'accept',
  'reply',
  'ref',
];

/**
 * Reads a marker. Without one, an `e` tag of a message is a reply (the former system's two-element form) and one of
 * demographics or a visit names its predecessor.
 */
export function markerOf(kind: number, marker: string): Marker {
  if (marker === '' && kind === kinds.message) {
    return 'reply';
  }
  if (marker === '' && (kind === kinds.patient || kind === kinds.visit)) {
    return 'correction';
  }
  return markers.find((known) => known === marker) ?? 'ref';
}

export function markerRank(marker: Marker): number {
  return markers.indexOf(marker);
}

/** True for markers of a new version. */
export function replaces(marker: Marker): boolean {
  return marker === 'status-update' || marker === 'correction' || ends(marker);
}

/** True for versions that end what they name; their body may be a stub. */
export function ends(marker: Marker): boolean {
  return marker === 'deletion' || marker === 'cancelled';
}

export interface Marked {
  readonly marker: Marker;
  readonly id: Hex;
}

/** The links with what they do, in the order of the tags. */
export function marked(record: Record): Marked[] {
  return record.links.map((link) => ({ marker: markerOf(record.kind, link.marker), id: link.id }));
}

/** The replacing marker, when this is a new version of something. */
export function replacing(record: Record): Marker | null {
  return marked(record).find((link) => replaces(link.marker))?.marker ?? null;
}

/** Why a version was written, as its change extension says. */
export function changeOf(resource: Resource): Change | null {
  const extensions = [...listAt(resource, 'extension'), ...listAt(resource, 'meta', 'extension')];
  const outer = extensions.find((extension) => at(extension, 'url') === changeUrl);
  if (outer === undefined) {
    return null;
  }
  const part = (name: string, value: string) => {
    const inner = listAt(outer, 'extension').find((extension) => at(extension, 'url') === name);
    return textAt(inner, value);
  };
  return { code: part('code', 'valueCode'), text: part('text', 'valueString') };
}

/**
 * The resource without what a copy of the same content may differ in: binding, change and times of writing in
 * `meta`.
 */
export function contentOnly(resource: Resource): { readonly [element: string]: unknown } {
  const { meta: _, extension, ...content } = resource as { readonly [element: string]: unknown };
  if (!Array.isArray(extension)) {
    return extension === undefined ? content : { ...content, extension };
  }
  const rest = extension.filter((one) => at(one, 'url') !== changeUrl);
  return rest.length === 0 ? content : { ...content, extension: rest };
}

function compareOrder(one: ReceiptOrder, other: ReceiptOrder): number {
  return one.position - other.position || one.received - other.received || one.n - other.n;
}

export function compareText(one: string, other: string): number {
  if (one === other) {
    return 0;
  }
  return one < other ? -1 : 1;
}

/** Receipt order; the id breaks what is left. */
export function byReceipt(one: Record, other: Record): number {
  return compareOrder(one.order, other.order) || compareText(one.id, other.id);
}

/**
 * Display order. Imports have no receipt of the act itself, only of the import, so they stand before all others in
 * the order that the former system gave them.
 */
export function byDisplay(one: Record, other: Record): number {
  if (one.author === 'former' && other.author === 'former') {
    return one.createdAt - other.createdAt || compareText(one.id, other.id);
  }
  if (one.author === 'former' || other.author === 'former') {
    return one.author === 'former' ? -1 : 1;
  }
  return byReceipt(one, other);
}
