/** Visits and appointments of a chart, ready to be listed. Reading only; no words. */

import { conceptText } from '@relaybox/lib/clinical/read';
import { type VisitNote, visitNote } from '@relaybox/lib/fhir/note';
import { at, listAt, textAt } from '@relaybox/lib/protocol/elements';
import type { Encounter, Item } from '@relaybox/lib/protocol/fold';
import { contentVersion, currentVersion, headVersions, statusOf } from '@relaybox/lib/protocol/fold';
import type { ChartView, Checked } from '@relaybox/lib/session/api';
import { once } from './once.ts';
import { momentOf } from './when.ts';

export interface VisitRow {
  readonly encounter: Encounter;
  /** Of the version that stands, or of the first of two that contradict each other. */
  readonly checked: Checked;
  readonly note: VisitNote;
  /** Unix seconds: the visit, else the receipt. */
  readonly at: number;
}

/** How an item was checked: by the version that stands, else the first head. */
export function checkedOf(view: ChartView, item: Item): Checked | null {
  const version = currentVersion(item) ?? headVersions(item)[0];
  return version ? (view.checked.get(version.record.id) ?? null) : null;
}

function readVisits(view: ChartView): readonly VisitRow[] {
  const rows = view.chart.encounters.flatMap((encounter): VisitRow[] => {
    const version = contentVersion(encounter.item) ?? headVersions(encounter.item)[0];
    const checked = checkedOf(view, encounter.item);
    if (!version || !checked) return [];
    const note = visitNote(version.record.resource);
    return [
      { encounter, checked, note, at: momentOf(note.when) ?? checked.received ?? version.record.createdAt },
    ];
  });
  return rows.sort((a, b) => b.at - a.at);
}

/** Newest first. */
export const visitRows = once(readVisits);

export type AppointmentState = 'booked' | 'asked' | 'cancelled' | 'missed' | 'done';

export interface Appointment {
  readonly id: string;
  readonly checked: Checked | null;
  readonly start: number;
  readonly end: number | null;
  readonly what: string | null;
  /** Names of the clinicians, as the appointment says. */
  readonly who: readonly string[];
  readonly state: AppointmentState;
  readonly conflict: boolean;
}

const stateOf = (status: string | null): AppointmentState => {
  if (status === 'cancelled' || status === 'entered-in-error') return 'cancelled';
  if (status === 'noshow') return 'missed';
  if (status === 'fulfilled') return 'done';
  return status === 'proposed' || status === 'pending' || status === 'waitlist' ? 'asked' : 'booked';
};

function readAppointments(view: ChartView): readonly Appointment[] {
  const all = view.chart.visits.flatMap((item) => {
    const versions = item.conflict ? headVersions(item) : [contentVersion(item)];
    return versions.flatMap((version): Appointment[] => {
      const resource = version?.record.resource;
      const start = momentOf(textAt(resource, 'start'));
      if (!version || !resource || start === null) return [];
      const practitioners = listAt(resource, 'participant')
        .map((one) => at(one, 'actor'))
        .filter((actor) => textAt(actor, 'reference')?.startsWith('Practitioner/'))
        .map((actor) => textAt(actor, 'display'));
      return [
        {
          id: version.record.id,
          checked: view.checked.get(version.record.id) ?? null,
          start,
          end: momentOf(textAt(resource, 'end')),
          what:
            textAt(resource, 'description') ??
            conceptText(listAt(resource, 'serviceType')[0]) ??
            conceptText(at(resource, 'appointmentType')),
          who: practitioners.filter((name) => name !== null),
          state: item.state === 'current' ? stateOf(statusOf(version)) : 'cancelled',
          conflict: item.conflict !== null,
        },
      ];
    });
  });
  return all.sort((a, b) => a.start - b.start);
}

/** By their start. Where two versions contradict each other, both are listed and marked. */
export const appointments = once(readAppointments);

/** What is still to come: not over, and neither cancelled nor done. */
export const toCome = (list: readonly Appointment[], now: number): readonly Appointment[] =>
  list.filter(
    (one) => (one.end ?? one.start + 1800) > now && (one.state === 'booked' || one.state === 'asked'),
  );
