/**
 * What is new in a record: what others signed and the box received within two weeks. Old things that only now were
 * written down are not news. Nothing is remembered of what was read; a page that forgot would call old things new.
 */

import { conceptText } from '@relaybox/lib/clinical/read';
import { visitNote } from '@relaybox/lib/fhir/note';
import { at, listAt, textAt } from '@relaybox/lib/protocol/elements';
import type { Item } from '@relaybox/lib/protocol/fold';
import { currentVersion } from '@relaybox/lib/protocol/fold';
import type { ChartView, Checked } from '@relaybox/lib/session/api';
import { type Letters, lettersOf } from './letters.ts';
import { momentOf } from './when.ts';

export type News =
  | { readonly is: 'letter'; readonly at: number; readonly id: string; readonly thread: Letters }
  | {
      readonly is: 'note';
      readonly at: number;
      readonly id: string;
      readonly m: number;
      readonly title: string | null;
    }
  | {
      readonly is: 'result' | 'vaccine' | 'medicine' | 'document';
      readonly at: number;
      readonly id: string;
      readonly title: string | null;
    }
  | { readonly is: 'measured'; readonly at: number; readonly id: string; readonly title: null };

const twoWeeks = 14 * 86_400;
const twoMonths = 60 * 86_400;

/** When it happened, as the record says; null where it says no day. Unix seconds. */
function happened(item: Item): number | null {
  const resource = currentVersion(item)?.record.resource;
  const names = ['effectiveDateTime', 'occurrenceDateTime', 'authoredOn', 'issued', 'date', 'recordedDate'];
  const texts = [textAt(resource, 'period', 'start'), ...names.map((name) => textAt(resource, name))];
  return texts.map(momentOf).find((at) => at !== null) ?? null;
}

interface Fresh {
  readonly checked: Checked;
  readonly at: number;
}

const fresh = (view: ChartView, item: Item, since: number): Fresh | null => {
  const version = currentVersion(item);
  const checked = version ? view.checked.get(version.record.id) : undefined;
  if (!checked || checked.signer.me || checked.marks.former || (checked.received ?? 0) < since) return null;
  const at = happened(item) ?? checked.received ?? 0;
  return at >= since + twoWeeks - twoMonths ? { checked, at: Math.min(at, checked.received ?? at) } : null;
};

const titleOf = (item: Item, ...names: readonly string[]): string | null => {
  const resource = currentVersion(item)?.record.resource;
  const words = names.map(
    (name) => conceptText(at(resource, name)) ?? conceptText(listAt(resource, name)[0]),
  );
  return words.find((word) => word !== null) ?? null;
};

/** Newest first. `now` in unix seconds. */
export function newsOf(view: ChartView, now: number): readonly News[] {
  const since = now - twoWeeks;
  const { chart } = view;
  const listed = (
    is: 'result' | 'vaccine' | 'medicine' | 'document',
    items: readonly Item[],
    ...names: readonly string[]
  ): News[] =>
    items.flatMap((item): News[] => {
      const found = fresh(view, item, since);
      return found ? [{ is, at: found.at, id: found.checked.id, title: titleOf(item, ...names) }] : [];
    });
  const letters = lettersOf([view]).flatMap((thread): News[] => {
    const last = thread.letters.at(-1);
    const isNew = last && !last.checked.signer.me && last.at >= since;
    return isNew ? [{ is: 'letter', at: last.at, id: last.id, thread }] : [];
  });
  const notes = chart.encounters.flatMap(({ item, addenda }): News[] => {
    const newest = [item, ...addenda]
      .map((one) => fresh(view, one, since))
      .filter((one) => one !== null)
      .sort((a, b) => b.at - a.at)[0];
    const version = currentVersion(item);
    const checked = version ? view.checked.get(version.record.id) : undefined;
    if (!newest || !version || !checked) return [];
    const { title } = visitNote(version.record.resource);
    return [{ is: 'note', at: newest.at, id: newest.checked.id, m: checked.m, title }];
  });
  const measured = chart.observations
    .map((item) => fresh(view, item, since))
    .filter((found) => found !== null)
    .sort((a, b) => b.at - a.at)[0];
  return [
    ...letters,
    ...notes,
    ...listed('result', chart.reports, 'code'),
    ...listed('vaccine', chart.immunizations, 'vaccineCode'),
    ...listed('medicine', [...chart.medications, ...chart.prescriptions], 'medicationCodeableConcept'),
    ...listed('document', chart.documents, 'type'),
    ...(measured ? [{ is: 'measured', at: measured.at, id: measured.checked.id, title: null } as const] : []),
  ].sort((a, b) => b.at - a.at);
}
