import { expect, test } from 'vitest';
import {
  compartments,
  familyVerdict,
  holdsCompartment,
  mayHold,
  memberVerdict,
  parseCompartment,
  parseRole,
  parseWord,
  preticked,
  type Role,
  roles,
  type Verdict,
  type Word,
  wordFor,
  words,
} from './permissions.ts';
import type { Compartment } from './types.ts';
import { rows, vectors } from './vectors.ts';

type Row = readonly [kind: number, act: boolean, compartment: Compartment, verdict: Verdict];
interface File {
  readonly held: { readonly [role in Role]: { readonly [word in Word]: boolean } };
  readonly words: { readonly [kind: string]: Word };
  readonly members: readonly { role: Role; words: Word[]; rows: Row[] }[];
  readonly families: readonly { person: 'subject' | 'own' | 'guardian' | 'guardian-desk'; rows: Row[] }[];
}

const file = vectors<File>('permissions.json');

test('every combination of role, kind, act and compartment is decided as the table says', () => {
  let count = 0;
  for (const entry of rows(file.members)) {
    const member = { role: entry.role, words: entry.words.filter((word) => mayHold(entry.role, word)) };
    for (const [kind, act, compartment, verdict] of rows(entry.rows)) {
      expect(
        memberVerdict(member, kind, act, compartment),
        `${entry.role} ${kind} ${act} ${compartment}`,
      ).toBe(verdict);
      count += 1;
    }
  }
  expect(count).toBeGreaterThan(1_000);
});

test('every combination of family, kind, act and compartment is decided as the table says', () => {
  const linked = { guardian: { linked: ['desk', 'chart'] }, 'guardian-desk': { linked: ['desk'] } } as const;
  for (const { person, rows: list } of rows(file.families)) {
    const who = person === 'guardian' || person === 'guardian-desk' ? linked[person] : person;
    for (const [kind, act, compartment, verdict] of rows(list)) {
      expect(familyVerdict(who, kind, act, compartment), `${person} ${kind} ${act} ${compartment}`).toBe(
        verdict,
      );
    }
  }
});

test('words of roles and kinds are those of the table', () => {
  for (const role of roles) {
    for (const word of words) expect(mayHold(role, word), `${role} ${word}`).toBe(file.held[role][word]);
    expect(preticked(role).every((word) => mayHold(role, word))).toBe(true);
  }
  for (let kind = 0; kind <= 0xffff; kind += 1) {
    if (wordFor(kind) !== (file.words[kind] ?? null)) throw new Error(`${kind}`);
  }
  expect(Object.keys(file.words).length).toBe(19);
});

test('names read back, and no other is one', () => {
  expect(roles.map(parseRole)).toEqual(roles);
  expect(words.map(parseWord)).toEqual(words);
  expect(compartments.map(parseCompartment)).toEqual(compartments);
  expect([parseRole('Doctor'), parseWord('Write'), parseCompartment('')]).toEqual([null, null, null]);
});

test('a front desk holds desk alone, and confidential goes by its word', () => {
  const held = (role: Role, list: Word[]) =>
    compartments.filter((compartment) => holdsCompartment({ role, words: list }, compartment));
  expect(held('frontdesk', [])).toEqual(['desk']);
  expect(held('ma', [])).toEqual(['desk', 'chart']);
  expect(held('nurse', ['confidential'])).toEqual(['desk', 'chart', 'confidential']);
});
