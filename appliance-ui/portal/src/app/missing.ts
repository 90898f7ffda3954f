/**
 * Why not all of a record is here, as far as this device can know it. A receipt names an event and no kind, so what is
 * missing of the health part may be a letter that is not this reader's, or anything else: the words say both.
 */
import { isWhole } from '@relaybox/lib/protocol/fold';
import type { ChartView } from '@relaybox/lib/session/api';
import { useWords } from '../kit/lang.tsx';
import { recordWords } from '../words/record.ts';
import { ageOf, limitedFrom } from './people.ts';
import { useWhen } from './when.ts';

/** Sentences about what is missing; null when nothing is, or nobody can tell how much. */
export function useMissing(view: ChartView): string | null {
  const w = useWords(recordWords);
  const when = useWhen();
  const { missing } = view.completeness;
  if (missing === null || missing.office + missing.health === 0) return null;
  const said: string[] = [];
  if (missing.health > 0) {
    const since = missing.since === null ? null : when.day(missing.since);
    if (since !== null) said.push(w.missingSince(missing.health, since));
    const { given } = view.subject;
    const letters = mayBeLetters(view) && given !== null;
    said.push(letters ? w.maybeLetters(missing.health, given) : w.notCome(missing.health));
  }
  if (missing.office > 0) said.push(w.missingOffice(missing.office));
  return said.join(' ');
}

/** Another reader than the patient, and a patient who is old enough to hold a key. */
function mayBeLetters({ subject }: ChartView): boolean {
  const age = ageOf(subject, Date.now() / 1_000);
  return subject.standing !== 'patient' && (age === null || age.years >= limitedFrom);
}

/** Whether the lists of this record lack nothing. */
export const lacksNothing = (view: ChartView): boolean => isWhole(view.chart.coverage);
