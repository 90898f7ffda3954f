/**
 * A visit's note (2111): the Composition inside an Encounter, as people's words. Nothing is made up: an element that
 * is missing is null or absent, and the note of a former or foreign system may have no Composition at all.
 */
import { conceptText, containedOf } from '../clinical/read.ts';
import { at, listAt, textAt } from '../protocol/elements.ts';
import type { Resource } from '../protocol/types.ts';
import { narrativeLines } from './narrative.ts';

export interface NoteSection {
  readonly title: string | null;
  readonly lines: readonly string[];
}

export interface VisitNote {
  readonly title: string | null;
  /** FHIR dateTime of the visit as written. */
  readonly when: string | null;
  readonly sections: readonly NoteSection[];
  readonly diagnoses: readonly string[];
}

const filled = (text: string | null): string | null => (text?.trim() ? text.trim() : null);

const compositionOf = (encounter: Resource): unknown => {
  const named = listAt(encounter, 'extension').find((each) => textAt(each, 'url') === 'urn:relaybox:note:1');
  const contained = listAt(encounter, 'contained');
  return (
    containedOf(encounter, at(named, 'valueReference')) ??
    contained.find((inner) => textAt(inner, 'resourceType') === 'Composition') ??
    null
  );
};

const sectionOf = (section: unknown): NoteSection => ({
  title: filled(textAt(section, 'title')) ?? conceptText(at(section, 'code')),
  lines: narrativeLines(at(section, 'text', 'div')),
});

export function visitNote(encounter: Resource): VisitNote {
  const composition = compositionOf(encounter);
  const written = listAt(composition, 'section').map(sectionOf);
  const own = narrativeLines(at(encounter, 'text', 'div'));
  const sections = written.filter((section) => section.lines.length > 0);
  const reasons = listAt(encounter, 'reasonCode').map(conceptText);
  const diagnoses = listAt(encounter, 'diagnosis').map((entry) => {
    const condition = containedOf(encounter, at(entry, 'condition'));
    return conceptText(at(condition, 'code')) ?? filled(textAt(entry, 'condition', 'display'));
  });
  return {
    title:
      filled(textAt(composition, 'title')) ??
      reasons.find((reason) => reason !== null) ??
      listAt(encounter, 'type')
        .map(conceptText)
        .find((type) => type !== null) ??
      null,
    when: textAt(encounter, 'period', 'start') ?? textAt(composition, 'date'),
    sections: sections.length > 0 || own.length === 0 ? sections : [{ title: null, lines: own }],
    diagnoses: diagnoses.filter((diagnosis) => diagnosis !== null),
  };
}
