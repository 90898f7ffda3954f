/** Long lists begin with their newest rows; the button names the oldest day that is shown. */
import type { FhirDate } from '@relaybox/lib/clinical/dates';
import { dateText } from '@relaybox/lib/i18n/format';
import { type ReactNode, useState } from 'react';
import { useLang, useWords } from '../kit/lang.tsx';
import { commonWords } from './words/common.ts';

export interface Few<T> {
  readonly shown: readonly T[];
  /** Null when everything is shown. */
  readonly more: ReactNode;
}

/** `step` rows at first, and as many more each time. */
export function useFew<T>(rows: readonly T[], step: number, dayOf: (row: T) => FhirDate | null): Few<T> {
  const w = useWords(commonWords);
  const lang = useLang();
  const [count, setCount] = useState(step);
  const shown = rows.slice(0, count);
  const last = shown.at(-1);
  const oldest = last === undefined ? null : dayOf(last);
  const more =
    rows.length > count ? (
      <button type="button" className="textbutton" onClick={() => setCount(count + step)}>
        {oldest ? w.olderThan(dateText(lang, oldest)) : w.older}
      </button>
    ) : null;
  return { shown, more };
}
