/**
 * Roles, permission words and the tables of docs/ref/protocol.md 3. To change who may write a kind, change
 * `wordFor` or `mayHold`. What a relay says of one event: `memberVerdict`, `familyVerdict`.
 */
import type { Role } from './policy/types.ts';
import type { Compartment } from './types.ts';

export type { Role };

export const roles: readonly Role[] = ['doctor', 'nurse', 'ma', 'frontdesk'];
export const compartments: readonly Compartment[] = ['desk', 'chart', 'confidential'];
export const words = [
  'write',
  'vitals',
  'immunizations',
  'allergies',
  'order',
  'prescribe',
  'messages',
  'schedule',
  'register',
  'admin',
  'confidential',
  'sign',
] as const;
/** Permission words of a 2102. */
export type Word = (typeof words)[number];

export function parseRole(text: string | undefined): Role | null {
  return roles.find((role) => role === text) ?? null;
}

export function parseCompartment(text: string | undefined): Compartment | null {
  return compartments.find((compartment) => compartment === text) ?? null;
}

export function parseWord(text: string | undefined): Word | null {
  return words.find((word) => word === text) ?? null;
}

const PRETICKED: { readonly [role in Role]: readonly Word[] } = {
  doctor: words,
  nurse: ['write', 'vitals', 'immunizations', 'allergies', 'messages', 'schedule', 'register'],
  ma: ['write', 'vitals', 'immunizations', 'messages', 'schedule'],
  frontdesk: ['messages', 'schedule', 'register'],
};
const ADDABLE: { readonly [role in Role]: readonly Word[] } = {
  doctor: [],
  nurse: ['confidential', 'admin'],
  ma: ['register', 'admin'],
  frontdesk: ['admin'],
};

/** Words the role starts with. */
export function preticked(role: Role): readonly Word[] {
  return PRETICKED[role];
}

/** Words that may be added to the role's own. */
export function addable(role: Role): readonly Word[] {
  return ADDABLE[role];
}

/** Whether the role may have the word at all; a word in neither row of the role gives nothing (2.8.3). */
export function mayHold(role: Role, word: Word): boolean {
  return PRETICKED[role].includes(word) || ADDABLE[role].includes(word);
}

const WORDS: ReadonlyMap<number, Word> = new Map<number, Word>([
  ...[2111, 2112, 2114, 2119, 2121, 2124, 2125].map((kind): [number, Word] => [kind, 'write']),
  [2113, 'vitals'],
  [2115, 'allergies'],
  [2116, 'immunizations'],
  [2117, 'messages'],
  [2118, 'order'],
  [2120, 'prescribe'],
  [2126, 'schedule'],
  [2104, 'register'],
  [2110, 'register'],
  [2108, 'admin'],
  [2109, 'admin'],
  [2123, 'confidential'],
]);

/** The word that a kind needs; null: no member writes this kind by a word. */
export function wordFor(kind: number): Word | null {
  return WORDS.get(kind) ?? null;
}

/** Kinds that a patient or guardian writes, in the one-copy form (2.2). */
export function familyWrites(kind: number): boolean {
  return kind === 2117 || kind === 2125 || kind === 2126;
}

/** True kinds that a C that is not T writes, inside a 2123 (2.2). */
export function ownKeyWrites(trueKind: number): boolean {
  return trueKind === 2117 || trueKind === 2125;
}

/** Kinds on which `["act","sign"]` may stand (2.1). */
export function mayBeSigned(kind: number): boolean {
  return kind === 2111 || kind === 2119 || kind === 2123;
}

/** Receipts, access reports, drafts and shared state follow the events they are about into each compartment. */
const EVERYWHERE: readonly number[] = [2122, 2129, 32110, 32111];

/** Whether a kind may stand in this compartment. */
export function kindIn(kind: number, compartment: Compartment): boolean {
  if (EVERYWHERE.includes(kind)) return true;
  switch (compartment) {
    case 'desk':
      return kind === 2110 || kind === 2117 || kind === 2126;
    case 'chart':
      return (kind >= 2111 && kind <= 2121) || kind === 2124 || kind === 2125;
    case 'confidential':
      return kind === 2123;
  }
}

/** Everyone holds desk, all but the front desk chart; confidential goes by its word. */
export function holdsCompartment(
  member: { readonly role: Role; readonly words: readonly string[] },
  compartment: Compartment,
): boolean {
  if (compartment === 'desk') return true;
  return compartment === 'chart' ? member.role !== 'frontdesk' : member.words.includes('confidential');
}

/** What a relay says of author, kind, act and compartment; the first that applies. */
export type Verdict = 'ok' | 'role' | 'act' | 'compartment';

/** Of a record, draft or shared state by a member, whose `words` are those that count. */
export function memberVerdict(
  member: { readonly role: Role; readonly words: readonly string[] },
  kind: number,
  sign: boolean,
  compartment: Compartment,
): Verdict {
  const word = wordFor(kind);
  const needsNone = kind === 32110 || kind === 32111;
  if (!needsNone && (word === null || !member.words.includes(word))) return 'role';
  if (sign && !(mayBeSigned(kind) && member.words.includes('sign'))) return 'act';
  return kindIn(kind, compartment) && holdsCompartment(member, compartment) ? 'ok' : 'compartment';
}

/**
 * Of a record by T (`subject`), by a C that is not T (`own`), or by a guardian, whose links to the child in question
 * open these compartments.
 */
export function familyVerdict(
  person: 'subject' | 'own' | { readonly linked: readonly Compartment[] },
  kind: number,
  sign: boolean,
  compartment: Compartment,
): Verdict {
  if (person === 'own' ? kind !== 2123 : !familyWrites(kind)) return 'role';
  if (sign) return 'act';
  const linked = typeof person === 'string' || person.linked.includes(compartment);
  return kindIn(kind, compartment) && linked ? 'ok' : 'compartment';
}
