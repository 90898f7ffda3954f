/** Whose records a key may open, as policy says, and what the pages call them. */
import { textAt } from '../protocol/elements.ts';
import type { Chart } from '../protocol/fold.ts';
import { compartments as allCompartments } from '../protocol/permissions.ts';
import type { Patient, View } from '../protocol/policy/types.ts';
import type { Compartment, Hex } from '../protocol/types.ts';
import type { Standing, Subject } from './api.ts';

/** A patient whom this reader's policy ties to this key now. */
export interface Tied {
  /** T in force. */
  readonly key: Hex;
  /** Every T of the line, the one in force last. */
  readonly line: readonly Hex[];
  /** C, when it is registered. */
  readonly own: Hex | null;
  readonly standing: Standing;
  readonly compartments: readonly Compartment[];
  /** The 2104 of a guardian; null for the patient's own keys. */
  readonly link: Hex | null;
  /** Unix seconds; null: without end. */
  readonly until: number | null;
}

export function tiesOf(now: View, me: Hex): Tied[] {
  if (now.suspended(me) && now.person(me).is === 'guardian') return [];
  const person = now.person(me);
  switch (person.is) {
    case 'patient': {
      const alone = person.patient.own === me;
      return [tied(person.patient, 'patient', alone ? allCompartments : ['desk', 'chart'])];
    }
    case 'own':
      return [tied(person.patient, 'own', allCompartments)];
    case 'guardian':
      return person.links.flatMap((link) => {
        const patient = now.patient(link.child);
        if (!patient) return [];
        const compartments = link.compartments.filter((compartment) => compartment !== 'confidential');
        return [{ ...tied(patient, 'guardian', compartments), link: link.entry, until: link.until }];
      });
    default:
      return [];
  }
}

function tied(patient: Patient, standing: Standing, compartments: readonly Compartment[]): Tied {
  const { subject, former, own } = patient;
  return { key: subject, line: [...former, subject], own, standing, compartments, link: null, until: null };
}

/** What the newest demographics say; nulls while there are none. */
export interface Names {
  readonly given: string | null;
  readonly family: string | null;
  readonly born: string | null;
  readonly sex: Subject['sex'];
}

export const noNames: Names = { given: null, family: null, born: null, sex: 'unknown' };

export function namesOf(chart: Chart): Names {
  const item = chart.demographics;
  // Two versions side by side: the first of them names the child, the page of the conflict says the rest.
  const head = item?.versions.find(({ record }) => record.id === item.heads[0])?.record.resource;
  if (!head) return noNames;
  const born = textAt(head, 'birthDate');
  return {
    given: textAt(head, 'name', 0, 'given', 0),
    family: textAt(head, 'name', 0, 'family'),
    born: born !== null && /^\d{4}-\d{2}-\d{2}$/.test(born) ? born : null,
    sex: sexOf(textAt(head, 'gender')),
  };
}

function sexOf(gender: string | null): Subject['sex'] {
  return gender === 'female' || gender === 'male' || gender === 'other' ? gender : 'unknown';
}

/** Letters for children who share family name and birth date: A, B … by order of T. */
export function twinsOf(people: readonly { readonly key: Hex; readonly names: Names }[]): Map<Hex, string> {
  const groups = new Map<string, Hex[]>();
  for (const { key, names } of people) {
    if (names.born === null || names.family === null) continue;
    const group = JSON.stringify([names.born, names.family]);
    groups.set(group, [...(groups.get(group) ?? []), key]);
  }
  const letters = new Map<Hex, string>();
  for (const keys of groups.values()) {
    if (keys.length < 2) continue;
    for (const [n, key] of keys.sort().entries()) letters.set(key, String.fromCharCode(65 + n));
  }
  return letters;
}
