/** The tags of a clinical event as a shape. One row per tag name: a new tag is a new case. */
import { isHex } from '../bytes.ts';
import { type Link, numberFromText, type Tag } from '../event.ts';
import { isClinical, kinds } from '../kinds.ts';
import { keyFromHex } from '../secret.ts';
import type { Event, Hex } from '../types.ts';

/** The markers of an `e` tag (docs/ref/protocol.md 2.1). */
export const MARKERS: readonly string[] = [
  'addendum',
  'status-update',
  'deletion',
  'cancelled',
  'result',
  'correction',
  'accept',
  'reply',
  'ref',
];

/** The form of an envelope's tags, as `enc` names it. */
export type Form = 'nip44-dual' | 'nip44';

/** The tags of a clinical event, checked for shape only. */
export interface Envelope {
  readonly form: Form;
  readonly epochKey: Hex;
  readonly secondP: Hex | null;
  /** `pc`. */
  readonly commitment: Hex;
  readonly sign: boolean;
  readonly links: readonly Link[];
  readonly blobs: readonly Hex[];
  readonly hasPatientCopy: boolean;
}

/** What has been seen of an envelope's tags so far. */
interface Seen {
  keys: Hex[];
  form: Form | null;
  commitment: Hex | null;
  sign: boolean;
  links: Link[];
  blobs: Hex[];
  hasPatientCopy: boolean;
  start: number | null;
  end: number | null;
}

/**
 * Parses the tags of a clinical event (2110–2121, 2123–2126). Unknown tag names are refused, and so are tags of
 * another kind, elements too many, a second `enc`, `pc`, `act` or copy, and a second `p` in the one-copy form (but in
 * 2126, which needs one in both forms). A dual event with second `p` and no copy is a shape: readers mark it, relays
 * refuse it.
 */
export function parse(event: Event): Envelope | null {
  if (!isClinical(event.kind)) return null;
  const seen: Seen = {
    keys: [],
    form: null,
    commitment: null,
    sign: false,
    links: [],
    blobs: [],
    hasPatientCopy: false,
    start: null,
    end: null,
  };
  for (const tag of event.tags) {
    if (!take(seen, event.kind, tag)) return null;
  }
  const { form, commitment, sign, links, blobs, hasPatientCopy } = seen;
  const [epochKey, secondP = null] = seen.keys;
  if (form === null || commitment === null || epochKey === undefined) return null;
  const copyFits = !hasPatientCopy || (form === 'nip44-dual' && secondP !== null);
  if (!copyFits || !secondFits(seen, event.kind, secondP)) return null;
  return { form, epochKey, secondP, commitment, sign, links, blobs, hasPatientCopy };
}

function secondFits(seen: Seen, kind: number, secondP: Hex | null): boolean {
  if (kind === kinds.visit) {
    return secondP !== null && seen.start !== null && seen.end !== null && seen.start < seen.end;
  }
  return seen.form === 'nip44-dual' || secondP === null;
}

/** Takes one tag; false when it does not belong here. */
function take(seen: Seen, kind: number, tag: Tag): boolean {
  const [name, value = '', third, fourth] = tag;
  switch (name) {
    case 'p':
      return takeKey(seen, kind, tag);
    case 'patient-content':
    case 'recipient-content':
      return tag.length === 2 && !seen.hasPatientCopy && set(seen, 'hasPatientCopy', true);
    case 'enc':
      if (tag.length !== 2 || seen.form !== null) return false;
      return (value === 'nip44-dual' || value === 'nip44') && set(seen, 'form', value);
    case 'pc':
      return (
        tag.length === 2 && seen.commitment === null && isHex(value, 32) && set(seen, 'commitment', value)
      );
    case 'act':
      return tag.length === 2 && value === 'sign' && !seen.sign && set(seen, 'sign', true);
    case 'e':
      if (tag.length !== 4 || third !== '' || fourth === undefined || !MARKERS.includes(fourth)) return false;
      return isHex(value, 32) && seen.links.push({ id: value, marker: fourth }) > 0;
    case 'x':
      return tag.length === 2 && isHex(value, 32) && seen.blobs.push(value) > 0;
    default:
      return takeOfKind(seen, kind, tag);
  }
}

/** Tags that one kind alone carries. */
function takeOfKind(seen: Seen, kind: number, tag: Tag): boolean {
  const [name, value = '', third = ''] = tag;
  if (kind === kinds.visit && tag.length === 2 && (name === 'start' || name === 'end')) {
    const time = numberFromText(value);
    return time !== null && seen[name] === null && set(seen, name, time);
  }
  if (kind !== kinds.patient) return false;
  if (name === 'pop') return tag.length === 3 && isHex(value, 32) && isHex(third, 64);
  if (name === 'own' || name === 'rekey') return tag.length === 2 && isHex(value, 32);
  return name === 'legacy' && tag.length === 1;
}

function takeKey(seen: Seen, kind: number, tag: Tag): boolean {
  const key = keyFromHex(tag[1]);
  if (key === null) return false;
  if (tag.length === 2) return seen.keys.length < 2 && seen.keys.push(key) > 0;
  const isParty = tag.length === 3 && (tag[2] === 'provider' || tag[2] === 'guardian');
  return isParty && kind === kinds.visit && seen.keys.length >= 2;
}

function set<K extends keyof Seen>(seen: Seen, name: K, value: Seen[K]): true {
  seen[name] = value;
  return true;
}
