/** The shape of a 2105 (docs/ref/protocol.md 2.7); of epoch 0 (2.6) as well. */
import { numberFromText, type Tag } from '../event.ts';
import { kinds } from '../kinds.ts';
import { parseCompartment } from '../permissions.ts';
import { keyFromHex } from '../secret.ts';
import type { Compartment, Event, Hex } from '../types.ts';

/** A text sealed for one compartment. */
export interface Sealed {
  readonly compartment: Compartment;
  readonly payload: string;
}

/** Place of a P-signed event in the order of P's own events. */
export interface Sequence {
  readonly seq: number;
  readonly prev: Hex | null;
}

/** The tags of a 2105, checked for shape only. */
export interface EpochShape {
  readonly n: number;
  /** E per compartment: three for n ≥ 1; P0 as `chart` for n = 0. */
  readonly keys: readonly { readonly compartment: Compartment; readonly key: Hex }[];
  /** V; null for n = 0. */
  readonly escrow: Hex | null;
  /** B; null for n = 0. */
  readonly receiptsBox: Hex | null;
  /** B′; null for n = 0. */
  readonly auditBox: Hex | null;
  readonly ek: Hex;
  /** Secrets sealed to V. */
  readonly sealed: readonly Sealed[];
  /** Secrets of the epoch before. */
  readonly keyring: readonly Sealed[];
  /** Seconds; 0 for n = 0. */
  readonly grace: number;
  /** SHA-256 of the next practice key, n = 1 only. */
  readonly next: Hex | null;
  /** Keys whose imported events count (n = 0 only). */
  readonly signers: readonly Hex[];
  readonly sequence: Sequence;
}

/** E of a compartment. */
export function keyOf(shape: EpochShape, compartment: Compartment): Hex | null {
  return shape.keys.find((row) => row.compartment === compartment)?.key ?? null;
}

/** What has been seen of the tags so far: single values by name, and rows. */
interface Seen {
  readonly numbers: Map<'n' | 'grace' | 'seq', number>;
  readonly hashes: Map<'v' | 'ek' | 'next' | 'prev' | 'receipts' | 'audit', Hex>;
  readonly keys: { readonly compartment: Compartment; readonly key: Hex }[];
  readonly sealed: Sealed[];
  readonly keyring: Sealed[];
  readonly signers: Hex[];
}

/** Parses the strict shape of a 2105; who signed it and whether it counts is policy. */
export function parse(event: Event): EpochShape | null {
  if (event.kind !== kinds.practiceEpoch || event.content !== '') return null;
  const seen: Seen = {
    numbers: new Map(),
    hashes: new Map(),
    keys: [],
    sealed: [],
    keyring: [],
    signers: [],
  };
  for (const tag of event.tags) {
    if (!take(seen, tag)) return null;
  }
  const { numbers, hashes, keys, sealed, keyring, signers } = seen;
  const [n, seq, ek] = [numbers.get('n'), numbers.get('seq'), hashes.get('ek')];
  if (n === undefined || seq === undefined || ek === undefined || !fits(seen, n)) return null;
  return {
    n,
    keys,
    escrow: hashes.get('v') ?? null,
    receiptsBox: hashes.get('receipts') ?? null,
    auditBox: hashes.get('audit') ?? null,
    ek,
    sealed,
    keyring,
    grace: numbers.get('grace') ?? 0,
    next: hashes.get('next') ?? null,
    signers,
    sequence: { seq, prev: hashes.get('prev') ?? null },
  };
}

/** Takes one tag; false when it does not belong here. */
function take(seen: Seen, tag: Tag): boolean {
  const [name, value = '', third = ''] = tag;
  const [single, pair] = [tag.length === 2, tag.length === 3];
  switch (name) {
    case 'n':
    case 'grace':
    case 'seq':
      return single && set(seen.numbers, name, numberFromText(value));
    case 'v':
    case 'ek':
    case 'next':
    case 'prev':
      return single && set(seen.hashes, name, keyFromHex(value));
    case 'box':
      return (
        pair && (third === 'receipts' || third === 'audit') && set(seen.hashes, third, keyFromHex(value))
      );
    case 'p': {
      const [compartment, key] = [parseCompartment(third), keyFromHex(value)];
      return pair && compartment !== null && key !== null && add(seen.keys, { compartment, key });
    }
    case 'sealed':
    case 'keyring': {
      const compartment = parseCompartment(value);
      return pair && compartment !== null && add(seen[name], { compartment, payload: third });
    }
    case 'signer': {
      const key = keyFromHex(value);
      return single && key !== null && seen.signers.push(key) > 0;
    }
    default:
      return false;
  }
}

function fits(seen: Seen, n: number): boolean {
  if (n === 0) return fitsImport(seen);
  return fitsEpoch(seen, n === 1 ? 0 : 3) && seen.hashes.has('next') === (n === 1);
}

function fitsEpoch(seen: Seen, keyringRows: number): boolean {
  const rows = seen.keys.length === 3 && seen.sealed.length === 3 && seen.keyring.length === keyringRows;
  const named = (['v', 'receipts', 'audit'] as const).every((name) => seen.hashes.has(name));
  return rows && named && seen.numbers.has('grace') && seen.signers.length === 0;
}

function fitsImport(seen: Seen): boolean {
  const chartOnly = (list: readonly { readonly compartment: Compartment }[]) =>
    list.length === 1 && list[0]?.compartment === 'chart';
  const none = (['v', 'receipts', 'audit', 'next'] as const).every((name) => !seen.hashes.has(name));
  const bare = none && seen.keyring.length === 0 && !seen.numbers.has('grace');
  return chartOnly(seen.keys) && chartOnly(seen.sealed) && bare;
}

function set<K, V>(values: Map<K, V>, name: K, value: V | null): boolean {
  if (value === null || values.has(name)) return false;
  values.set(name, value);
  return true;
}

/** Adds a row; one row a compartment. */
function add<R extends { readonly compartment: Compartment }>(list: R[], row: R): boolean {
  if (list.some(({ compartment }) => compartment === row.compartment)) return false;
  return list.push(row) > 0;
}
