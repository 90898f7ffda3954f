/**
 * 2100 PatientKeyGrant, and the text of a 2106 share (docs/ref/protocol.md 2.7). The tag shapes of the policy kinds
 * stand in `policy/shapes.ts`.
 */
import { fromUtf8, toHex, toUtf8 } from './bytes.ts';
import { keyFromHex, sign, type Tag } from './event.ts';
import { parseStrict, parseStrictValue, writeJson } from './json.ts';
import { openSealed, Sealer } from './keys.ts';
import { kinds } from './kinds.ts';
import { ConversationKey } from './nip44.ts';
import type { Random } from './random.ts';
import { ProtocolError } from './result.ts';
import type { SecretKey } from './secret.ts';
import type { Event, Hex } from './types.ts';

/** Rows in one 2100. */
export const ROWS_MAX = 250;

/** One row of a 2100: X2 = conv(e, subject). */
export interface GrantRow {
  readonly epochKey: Hex;
  readonly subject: Hex;
  readonly key: ConversationKey;
}

/** A signed 2100 to one reader. Throws when the reader's key is not on the curve or there are not 1 to 250 rows. */
export function buildPatientGrant(
  signer: SecretKey,
  to: { readonly reader: Hex; readonly authority: Hex },
  rows: readonly GrantRow[],
  createdAt: number,
  random: Random,
): Event {
  if (rows.length === 0 || rows.length > ROWS_MAX) throw new ProtocolError('size');
  const text = writeJson(rows.map((row) => toHex(row.key.bytes())));
  const sealer = new Sealer(random);
  const content = sealer.seal(to.reader, toUtf8(text), random);
  const tags: Tag[] = [
    ['p', to.reader],
    ['authority', to.authority],
    ['ek', sealer.ek],
    ...rows.map((row) => ['row', row.epochKey, row.subject]),
  ];
  return sign(signer, kinds.patientKeyGrant, tags, content, createdAt);
}

/** What a 2100 says in clear: every staff client sees from it which grants are missing. */
export interface GrantShape {
  readonly reader: Hex;
  /** The 2102, 2103, 2104, 2109 or 2110 that gives the right. */
  readonly authority: Hex;
  readonly ek: Hex;
  /** E and subject of each row. */
  readonly rows: readonly { readonly epochKey: Hex; readonly subject: Hex }[];
}

/** Parses the strict shape of a 2100. */
export function parsePatientGrant(event: Event): GrantShape | null {
  if (event.kind !== kinds.patientKeyGrant) return null;
  const single = new Map<string, Hex>();
  const rows: { epochKey: Hex; subject: Hex }[] = [];
  for (const tag of event.tags) {
    const [name = '', value, third] = tag;
    const key = keyFromHex(value);
    if (key === null) return null;
    if (name === 'row') {
      const subject = keyFromHex(third);
      if (tag.length !== 3 || subject === null) return null;
      rows.push({ epochKey: key, subject });
    } else {
      if (tag.length !== 2 || !['p', 'authority', 'ek'].includes(name) || single.has(name)) return null;
      single.set(name, key);
    }
  }
  const [reader, authority, ek] = [single.get('p'), single.get('authority'), single.get('ek')];
  if (!reader || !authority || !ek || rows.length === 0 || rows.length > ROWS_MAX) return null;
  return { reader, authority, ek, rows };
}

/**
 * Opens a 2100 addressed to the holder of `secret`; null when the shape does not fit or the array has not as many keys
 * as there are rows (2.8.12).
 */
export function openPatientGrant(secret: SecretKey, event: Event): GrantRow[] | null {
  const shape = parsePatientGrant(event);
  const opened = shape && openSealed(secret, shape.ek, event.content);
  const text = opened?.ok ? fromUtf8(opened.value) : null;
  // Hex needs no escapes, and nobody writes one.
  if (shape === null || text === null || text.includes('\\')) return null;
  const list = parseStrictValue(text, 1);
  if (!Array.isArray(list) || list.length !== shape.rows.length) return null;
  const rows: GrantRow[] = [];
  for (const [at, row] of shape.rows.entries()) {
    const key = typeof list[at] === 'string' ? ConversationKey.fromHex(list[at]) : null;
    if (key === null) return null;
    rows.push({ ...row, key });
  }
  return rows;
}

/** The content of a 2106 share: what its author says about it. */
export interface ShareText {
  readonly purpose: string;
  readonly said: 'complete' | 'selection' | null;
}

/** The text of a share: `secret` is the author's or the recipient's, `other` the other's key. */
export function openShare(secret: SecretKey, other: Hex, event: Event): ShareText | null {
  const key = ConversationKey.derive(secret, other);
  const text = key.ok ? key.value.decryptText(event.content) : null;
  const members = text === null ? null : parseStrict(text, 1);
  if (members === null) return null;
  const { purpose, said = null, ...rest } = members;
  const isSaid = said === null || said === 'complete' || said === 'selection';
  return typeof purpose === 'string' && isSaid && Object.keys(rest).length === 0 ? { purpose, said } : null;
}
