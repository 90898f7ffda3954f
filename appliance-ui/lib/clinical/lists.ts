/**
 * Allergies, medicines, problems and documents as rows of a list: what the record says, and whether it holds now.
 * Texts are as recorded. A status that is missing is "not said", never taken for active or ended.
 */
import { at, listAt, textAt } from '../protocol/elements.ts';
import {
  type Allergies,
  activeAllergies,
  type Chart,
  contentVersion,
  currentVersion,
  type Item,
  statusOf,
  type Version,
} from '../protocol/fold.ts';
import type { Compartment, Hex, Resource } from '../protocol/types.ts';
import { type FhirDate, sortKey } from './dates.ts';
import { codesOf, conceptText, dateOf, firstCode, ICD10, notesOf, SNOMED } from './read.ts';

/** What every row has. */
export interface Row {
  readonly item: Item;
  /** Record of the content that is shown. */
  readonly id: Hex;
  /** Record in force: who said the last word. */
  readonly by: Hex;
  readonly compartment: Compartment;
  /** From outside, and not accepted by the clinic. */
  readonly outside: boolean;
  readonly name: string | null;
  readonly notes: readonly string[];
  /** When it was written down, as the record says. */
  readonly recorded: FhirDate | null;
}

export type Now = 'current' | 'past' | 'not-said';

/** Null while two versions stand against each other. */
const rowOf = (
  item: Item,
  outside: boolean,
): { row: Row; resource: Resource; status: string | null } | null => {
  const current = currentVersion(item);
  const version: Version | null = contentVersion(item);
  if (current === null || version === null) return null;
  const { resource, id, compartment } = version.record;
  const recorded = dateOf(current.record.resource, 'recordedDate', 'authoredOn', 'date');
  return {
    row: {
      item,
      id,
      by: current.record.id,
      compartment,
      outside,
      name: null,
      notes: notesOf(resource),
      recorded,
    },
    resource,
    status: item.state === 'cancelled' ? 'cancelled' : statusOf(current),
  };
};

const isRow = <T>(row: T | null): row is T => row !== null;

const newest = (one: FhirDate | null, other: FhirDate | null): number => {
  const [a, b] = [one ? sortKey(one) : '', other ? sortKey(other) : ''];
  return a < b ? 1 : a > b ? -1 : 0;
};

/** Items of one type that a family or another office added; `outside` until the clinic accepts them. */
export const outsideOf = (
  chart: Chart,
  type: string,
): readonly { readonly item: Item; readonly outside: boolean }[] =>
  chart.outside
    .filter(({ item }) => item.versions.at(-1)?.record.resource.resourceType === type)
    .map(({ item, acceptedBy }) => ({ item, outside: acceptedBy.length === 0 }));

export interface Reaction {
  readonly what: readonly string[];
  /** mild, moderate, severe. */
  readonly severity: string | null;
}

export interface Allergy extends Row {
  /** `ruled-out`: refuted by a test or a clinician. */
  readonly now: Now | 'ruled-out';
  readonly reactions: readonly Reaction[];
  /** low, high, unable-to-assess. */
  readonly criticality: string | null;
  readonly category: string | null;
  readonly unconfirmed: boolean;
  readonly onset: FhirDate | null;
}

const noneKnown: readonly string[] = ['716186003', '409137002', '429625007', '428607008'];

/** True for an assertion that there are none. */
export const assertsNone = (resource: Resource): boolean =>
  codesOf(at(resource, 'code'), SNOMED).some((code) => noneKnown.includes(code));

const allergyOf = (item: Item, outside: boolean): Allergy | null => {
  const read = rowOf(item, outside);
  if (!read) return null;
  const { row, resource, status } = read;
  const verification = firstCode(at(currentVersion(item)?.record.resource, 'verificationStatus'));
  const ended = status === 'inactive' || status === 'resolved' || status === 'cancelled';
  return {
    ...row,
    name: conceptText(at(resource, 'code')),
    now: verification === 'refuted' ? 'ruled-out' : ended ? 'past' : 'current',
    reactions: listAt(resource, 'reaction').map((reaction) => ({
      what: listAt(reaction, 'manifestation')
        .map((one) => conceptText(one))
        .filter((text) => text !== null),
      severity: textAt(reaction, 'severity'),
    })),
    criticality: textAt(resource, 'criticality'),
    category: textAt(listAt(resource, 'category'), 0),
    unconfirmed: verification === 'unconfirmed' || verification === 'presumed',
    onset: dateOf(resource, 'onsetDateTime', 'onsetPeriod.start'),
  };
};

export interface AllergyList {
  readonly state: Allergies['state'];
  readonly complete: boolean;
  readonly clash: boolean;
  /** An allergy without a status counts as current. */
  readonly current: readonly Allergy[];
  readonly earlier: readonly Allergy[];
  /** Added by the family or another office. */
  readonly added: readonly Allergy[];
  /** Assertions that there are none, in force. */
  readonly none: readonly Row[];
  readonly conflicts: readonly Item[];
}

export const allergiesIn = (chart: Chart): AllergyList => {
  const { allergies } = chart;
  const active = new Set(activeAllergies(allergies).map((item) => item.id));
  const rows: Allergy[] = [];
  const none: Row[] = [];
  for (const item of allergies.items) {
    const read = rowOf(item, false);
    if (read && assertsNone(read.resource))
      none.push({ ...read.row, name: conceptText(at(read.resource, 'code')) });
    else {
      const allergy = allergyOf(item, false);
      if (allergy) rows.push(allergy);
    }
  }
  const high = (allergy: Allergy): number => (allergy.criticality === 'high' ? 0 : 1);
  return {
    state: allergies.state,
    complete: allergies.complete,
    clash: allergies.clash,
    current: rows.filter((row) => active.has(row.item.id)).sort((a, b) => high(a) - high(b)),
    earlier: rows.filter((row) => !active.has(row.item.id)),
    added: outsideOf(chart, 'AllergyIntolerance')
      .map(({ item, outside }) => allergyOf(item, outside))
      .filter(isRow),
    none,
    conflicts: allergies.items.filter((item) => item.conflict !== null),
  };
};

export interface Medicine extends Row {
  readonly now: Now;
  /** on-hold and the like, as FHIR has it. */
  readonly status: string | null;
  /** How to take it, in the writer's words. */
  readonly doses: readonly string[];
  readonly reason: string | null;
  /** When it is to be taken, where the record says; not when it was written. */
  readonly since: FhirDate | null;
  readonly until: FhirDate | null;
  /** Told by the family or bought without a prescription. */
  readonly told: boolean;
  readonly prescribed: boolean;
}

const endedMedicine: readonly string[] = ['completed', 'stopped', 'cancelled', 'ended', 'revoked'];

const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value : null;

/** FHIR's dosage text; the former system wrote dose and use apart. */
const dosesOf = (resource: Resource): readonly string[] => {
  const texts = listAt(resource, 'dosageInstruction').flatMap((dosage) =>
    [textOf(at(dosage, 'text')), textOf(at(dosage, 'patientInstruction'))].filter((text) => text !== null),
  );
  if (texts.length > 0) return texts;
  const parts = [textOf(at(resource, 'dose')), textOf(at(resource, 'sig'))].filter((text) => text !== null);
  return parts.length > 0 ? [parts.join(' ')] : [];
};

const medicineOf = (item: Item, outside: boolean, prescribed: boolean): Medicine | null => {
  const read = rowOf(item, outside);
  if (!read) return null;
  const { row, resource, status } = read;
  const timing = at(listAt(resource, 'dosageInstruction')[0], 'timing', 'repeat', 'boundsPeriod');
  const unsaid = status === null || status === 'unknown' || status === 'draft';
  return {
    ...row,
    name: conceptText(at(resource, 'medicationCodeableConcept')) ?? textOf(at(resource, 'drug')),
    now: unsaid ? 'not-said' : endedMedicine.includes(status) ? 'past' : 'current',
    status,
    doses: dosesOf(resource),
    reason: conceptText(listAt(resource, 'reasonCode')[0]) ?? textOf(at(resource, 'indication')),
    since: dateOf(timing, 'start'),
    until: dateOf(timing, 'end'),
    told: at(resource, 'reportedBoolean') === true,
    prescribed,
  };
};

export interface Sorted<T> {
  readonly current: readonly T[];
  readonly past: readonly T[];
  readonly conflicts: readonly Item[];
}

export const medicinesIn = (chart: Chart): Sorted<Medicine> => {
  const own = [...chart.medications, ...chart.prescriptions];
  const outside = outsideOf(chart, 'MedicationRequest');
  const prescribed = new Set(chart.prescriptions.map((item) => item.id));
  const rows = [
    ...own.map((item) => medicineOf(item, false, prescribed.has(item.id))),
    ...outside.map((one) => medicineOf(one.item, one.outside, false)),
  ]
    .filter(isRow)
    .filter(({ status }) => status !== 'entered-in-error')
    .sort((one, other) => newest(one.since ?? one.recorded, other.since ?? other.recorded));
  return {
    current: rows.filter(({ now }) => now !== 'past'),
    past: rows.filter(({ now }) => now === 'past'),
    conflicts: [...own, ...outside.map(({ item }) => item)].filter((item) => item.conflict !== null),
  };
};

export interface Problem extends Row {
  readonly now: Now | 'ruled-out';
  /** provisional, differential, unconfirmed: not certain yet. */
  readonly uncertain: boolean;
  readonly onset: FhirDate | null;
  readonly end: FhirDate | null;
  readonly severity: string | null;
  /** ICD-10-CM, for forms and second opinions. */
  readonly code: string | null;
}

const now = (status: string | null): Now => {
  if (status === null) return 'not-said';
  return ['active', 'recurrence', 'relapse'].includes(status) ? 'current' : 'past';
};

const problemOf = (item: Item, outside: boolean): Problem | null => {
  const read = rowOf(item, outside);
  if (!read) return null;
  const { row, resource, status } = read;
  const verification = firstCode(at(currentVersion(item)?.record.resource, 'verificationStatus'));
  return {
    ...row,
    name: conceptText(at(resource, 'code')),
    now: verification === 'refuted' ? 'ruled-out' : now(status),
    uncertain: ['provisional', 'differential', 'unconfirmed'].includes(verification ?? ''),
    onset: dateOf(resource, 'onsetDateTime', 'onsetPeriod.start'),
    end: dateOf(currentVersion(item)?.record.resource, 'abatementDateTime', 'abatementPeriod.start'),
    severity: conceptText(at(resource, 'severity')),
    code: codesOf(at(resource, 'code'), ICD10)[0] ?? null,
  };
};

export const problemsIn = (chart: Chart): Sorted<Problem> => {
  const own = chart.problems.map((item) => problemOf(item, false));
  const added = outsideOf(chart, 'Condition').map((one) => problemOf(one.item, one.outside));
  const rows = [...own, ...added].filter(isRow);
  return {
    current: rows
      .filter((row) => row.now === 'current' || row.now === 'not-said')
      .sort((a, b) => newest(a.onset, b.onset)),
    past: rows
      .filter((row) => row.now === 'past' || row.now === 'ruled-out')
      .sort((a, b) => newest(a.end ?? a.onset, b.end ?? b.onset)),
    conflicts: chart.problems.filter((item) => item.conflict !== null),
  };
};

export interface DocumentRow extends Row {
  readonly sort: string | null;
  readonly from: string | null;
  readonly on: FhirDate | null;
  /** Bytes, where the record says. */
  readonly size: number | null;
  /** Media type. */
  readonly media: string | null;
}

/** Bytes of base64 text. */
const embedded = (data: string | null): number | null => {
  if (data === null || data.length === 0) return null;
  const end = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0;
  return (data.length / 4) * 3 - end;
};

const documentOf = (item: Item, outside: boolean): DocumentRow | null => {
  const read = rowOf(item, outside);
  if (!read) return null;
  const { row, resource } = read;
  const attachment = at(listAt(resource, 'content')[0], 'attachment');
  const size = at(attachment, 'size');
  return {
    ...row,
    name:
      textOf(at(attachment, 'title')) ??
      textOf(at(resource, 'description')) ??
      conceptText(at(resource, 'type')),
    sort: conceptText(at(resource, 'type')),
    from: textAt(listAt(resource, 'author')[0], 'display') ?? textAt(resource, 'custodian', 'display'),
    on: dateOf(resource, 'date', 'context.period.start'),
    size:
      typeof size === 'number' && Number.isInteger(size) && size >= 0
        ? size
        : embedded(textAt(attachment, 'data')),
    media: textAt(attachment, 'contentType'),
  };
};

export const documentsIn = (
  chart: Chart,
): { readonly rows: readonly DocumentRow[]; readonly conflicts: readonly Item[] } => ({
  rows: [
    ...chart.documents.map((item) => documentOf(item, false)),
    ...outsideOf(chart, 'DocumentReference').map((one) => documentOf(one.item, one.outside)),
  ]
    .filter(isRow)
    .sort((one, other) => newest(one.on, other.on)),
  conflicts: chart.documents.filter((item) => item.conflict !== null),
});
