/**
 * Allergies. "None known", "nothing recorded" and "not loaded" are three different facts; to show one for another is
 * a clinical falsehood.
 */

import { at, listAt, textAt } from '../elements.ts';
import { isWhole } from './coverage.ts';
import { ends } from './record.ts';
import type { Allergies, AllergyState, Coverage, Item, NoneKnown, Version } from './types.ts';
import { currentVersion, headVersions, statusOf } from './versions.ts';

/** What is asserted to be absent, by SNOMED CT code; in the order in which it is named. */
const noneKnownCodes: readonly (readonly [code: string, of: NoneKnown])[] = [
  ['716186003', 'any'],
  ['409137002', 'drug'],
  ['429625007', 'food'],
  ['428607008', 'environment'],
];
const snomed = 'http://snomed.info/sct';

export function allergiesOf(items: readonly Item[], coverage: Coverage): Allergies {
  const complete = isWhole(coverage);
  const active = items.some(isActive);
  const asserted = new Set(items.map(assertion).filter((of) => of !== null));
  const sorts = noneKnownCodes.map(([, of]) => of).filter((of) => asserted.has(of));
  const entries = items.some((item) => !headVersions(item).every((version) => noneKnown(version) !== null));
  const state = ((): AllergyState => {
    if (active) {
      return { is: 'listed' };
    }
    if (!complete) {
      return { is: 'not-loaded' };
    }
    if (sorts.length > 0) {
      return { is: 'none-known', of: sorts };
    }
    return { is: entries ? 'listed' : 'not-recorded' };
  })();
  return { state, complete, clash: active && sorts.length > 0, items };
}

/** Allergies that count for alerts: active at any head, so that a conflict never hides one. */
export function activeAllergies(allergies: Allergies): readonly Item[] {
  return allergies.items.filter(isActive);
}

const endedStatus: readonly (string | null)[] = ['inactive', 'resolved', 'entered-in-error'];

/** An allergy without a status counts as active, and so does one that is active at only one of two heads. */
function isActive(item: Item): boolean {
  return headVersions(item).some((version) => {
    const verification = verificationOf(version);
    const refuted = verification === 'refuted' || verification === 'entered-in-error';
    const ended = endedStatus.includes(statusOf(version));
    const deleted = version.marker !== null && ends(version.marker);
    return noneKnown(version) === null && !refuted && !ended && !deleted;
  });
}

/** An assertion counts only when it is the one version in force, active and not refuted. */
function assertion(item: Item): NoneKnown | null {
  const version = currentVersion(item);
  if (version === null || statusOf(version) !== 'active' || verificationOf(version) === 'refuted') {
    return null;
  }
  return noneKnown(version);
}

function verificationOf(version: Version): string | null {
  return textAt(version.record.resource, 'verificationStatus', 'coding', 0, 'code');
}

function noneKnown(version: Version): NoneKnown | null {
  for (const coding of listAt(version.record.resource, 'code', 'coding')) {
    const known = noneKnownCodes.find(([code]) => at(coding, 'code') === code);
    if (known !== undefined && at(coding, 'system') === snomed) {
      return known[1];
    }
  }
  return null;
}
