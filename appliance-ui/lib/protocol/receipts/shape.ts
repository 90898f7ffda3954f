/** The shape of a receipt, and the names of chains. Signature and order are checked elsewhere. */
import { numberFromText, pTag, tagValue } from '../event.ts';
import { kinds } from '../kinds.ts';
import { keyFromHex } from '../secret.ts';
import type { Compartment, Event, Hex } from '../types.ts';
import type { ChainKey, PolicyMark, Receipt, Row } from './types.ts';

/** Rows in one receipt. */
export const ROWS_MAX = 500;

const COMPARTMENT_BYTES: { readonly [of in Compartment]: string } = {
  desk: '00',
  chart: '01',
  confidential: '02',
};

/** One name for one chain, in hex: the bytes by which the box stores it. */
export function chainName(chain: ChainKey): Hex {
  if (chain.is === 'clinical') return `01${COMPARTMENT_BYTES[chain.compartment]}${chain.subject ?? ''}`;
  return chain.is === 'policy' ? '02' : '03';
}

/** X of an event's clinical chain. The form tells family from staff: staff write `nip44-dual`. */
export function subjectOf(event: Event): Hex | null {
  const family = tagValue(event, 'enc') === 'nip44';
  return pTag(event, 1) ?? (family ? event.pubkey : null);
}

/**
 * The clinical chain of an event: its compartment and its second `p`; without one its author if not staff; without
 * both none. Null for an event whose first `p` is no E.
 */
export function clinicalChainOf(
  compartmentOf: (key: Hex) => Compartment | null,
  event: Event,
): ChainKey | null {
  const epochKey = pTag(event, 0);
  const compartment = epochKey === null ? null : compartmentOf(epochKey);
  return compartment && { is: 'clinical', compartment, subject: subjectOf(event) };
}

/** Parses the strict shape; signature and chain are checked elsewhere. */
export function parse(event: Event): Receipt | null {
  if (event.kind !== kinds.receipt || event.content !== '') return null;
  const seen = new Seen();
  if (!event.tags.every((tag) => seen.take(tag))) return null;
  const { rows, n, keys, policyChain, markCells } = seen;
  if (n === null || n < rows.length || !isWellFormed(rows)) return null;
  const [epochKey = null, subject = null] = keys;
  const shaped =
    policyChain === null
      ? epochKey !== null && markCells === 2
      : epochKey === null && (markCells === null || (policyChain === 'policy-staff' && markCells === 1));
  if (!shaped) return null;
  const { prev, mark } = seen;
  return { id: event.id, signer: event.pubkey, epochKey, subject, policyChain, n, prev, mark, rows };
}

/** 1 to 500 rows, each id once, `received` never falling. */
function isWellFormed(rows: readonly Row[]): boolean {
  const ids = new Set(rows.map((row) => row.id));
  const rises = rows.every((row, at) => at === 0 || (rows[at - 1]?.received ?? 0) <= row.received);
  return rows.length >= 1 && rows.length <= ROWS_MAX && ids.size === rows.length && rises;
}

/** What has been seen of a receipt's tags so far. */
class Seen {
  readonly keys: Hex[] = [];
  policyChain: 'policy' | 'policy-staff' | null = null;
  n: number | null = null;
  prev: Hex | null = null;
  mark: PolicyMark = { public: null, staff: null };
  markCells: number | null = null;
  readonly rows: Row[] = [];

  /** False: the tag does not belong into a receipt. */
  take(tag: readonly string[]): boolean {
    const [name, first = '', ...more] = tag;
    switch (tag.length === 2 ? name : '') {
      case 'p':
        return this.keys.length < 2 && push(this.keys, keyFromHex(first));
      case 'c':
        if (this.policyChain !== null || (first !== 'policy' && first !== 'policy-staff')) return false;
        this.policyChain = first;
        return true;
      case 'n':
        if (this.n !== null) return false;
        this.n = numberFromText(first);
        return this.n !== null;
      case 'prev':
        if (this.prev !== null) return false;
        this.prev = keyFromHex(first);
        return this.prev !== null;
    }
    if (name === 'policy') return this.#takeMark(tag.slice(1));
    return name === 'e' && push(this.rows, rowOf(first, more));
  }

  #takeMark(ids: readonly string[]): boolean {
    const read = ids.map((id) => (id === '' ? null : keyFromHex(id)));
    const fits = ids.every((id, at) => id === '' || read[at] !== null);
    if (this.markCells !== null || (ids.length !== 1 && ids.length !== 2) || !fits) return false;
    this.mark = { public: read[0] ?? null, staff: read[1] ?? null };
    this.markCells = ids.length;
    return true;
  }
}

function push<T>(list: T[], value: T | null): boolean {
  if (value !== null) list.push(value);
  return value !== null;
}

/** `["e", id, received]`, imports with the word `import`. */
function rowOf(first: string, [time, word, ...rest]: readonly string[]): Row | null {
  const [id, received] = [keyFromHex(first), numberFromText(time)];
  const fits = rest.length === 0 && (word === undefined || word === 'import');
  return id !== null && received !== null && fits ? { id, received, import: word === 'import' } : null;
}
