/**
 * Moments as people read them, by language: "Nov 25, 2026" and "25 nov 2026", "2:30 pm" and "2:30 p. m.". Moments
 * are unix seconds and shown in the zone of the device; civil dates have no zone and never shift.
 */
import { civilAt, parseCivil } from '@relaybox/lib/clinical/dates';
import type { Lang } from '@relaybox/lib/i18n/dict';
import { dayText } from '@relaybox/lib/i18n/format';
import { useLang } from '../kit/lang.tsx';

const locale = { en: 'en-US', es: 'es-US' } as const;

const formats = new Map<string, Intl.DateTimeFormat>();
function format(lang: Lang, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${lang} ${name}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locale[lang], options);
  formats.set(key, known);
  return known;
}

/** "am" and "a. m.", whatever the edition of the browser's tables writes; spaces that break neither line nor voice. */
const plain = (text: string) =>
  text
    .replaceAll(/[\u202f\u00a0]/g, ' ')
    .replace(/ (AM|PM)$/, (half) => half.toLowerCase())
    .replace(/ ([ap])\. ?m\.$/, ' $1. m.');
const at = (unix: number) => new Date(unix * 1000);

/**
 * Unix seconds of a FHIR date or dateTime; null for what is neither. A date without a time has no zone: noon of this
 * device stands for it, so that it is shown as the day that was written, wherever it is read.
 */
export function momentOf(text: string | null): number | null {
  if (text === null) return null;
  const date = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?$/.exec(text);
  const [, year, month = 1, day = 1] = date ?? [];
  const ms = date ? new Date(Number(year), Number(month) - 1, Number(day), 12).getTime() : Date.parse(text);
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}

export interface When {
  /** "Nov 25, 2026". */
  readonly day: (unix: number) => string;
  /** "November 20", with the year where it is not this one. */
  readonly date: (unix: number) => string;
  /** "2:30 pm". */
  readonly time: (unix: number) => string;
  /** "Today, 2:30 pm", "Nov 25, 2026, 2:30 pm". */
  readonly moment: (unix: number) => string;
  /** Inside a sentence: "today at 2:30 pm", "on Nov 25, 2026 at 2:30 pm". */
  readonly said: (unix: number) => string;
  /** A civil date `YYYY-MM-DD`; what is no date is given back as it is. */
  readonly civil: (date: string) => string;
}

const today = { en: 'Today', es: 'Hoy' } as const;
const yesterday = { en: 'Yesterday', es: 'Ayer' } as const;
const inSentence = {
  en: (day: string, time: string, near: boolean) => `${near ? day.toLowerCase() : `on ${day}`} at ${time}`,
  es: (day: string, time: string, near: boolean) =>
    `${near ? day.toLowerCase() : `el ${day}`} ${time.startsWith('1:') ? 'a la' : 'a las'} ${time}`,
} as const;
const sameDay = (a: Date, b: Date) => a.toDateString() === b.toDateString();

export function whenIn(lang: Lang, now: () => number = Date.now): When {
  const day = (unix: number) => {
    const civil = civilAt(unix);
    return civil ? dayText(lang, civil) : '';
  };
  const time = (unix: number) =>
    plain(format(lang, 'time', { hour: 'numeric', minute: '2-digit', hour12: true }).format(at(unix)));
  const named = (unix: number) => {
    const date = at(unix);
    const before = new Date(now());
    if (sameDay(date, before)) return today[lang];
    before.setDate(before.getDate() - 1);
    return sameDay(date, before) ? yesterday[lang] : day(unix);
  };
  return {
    day,
    date: (unix) => {
      const thisYear = at(unix).getFullYear() === new Date(now()).getFullYear();
      return plain(
        format(lang, thisYear ? 'month' : 'long', {
          day: 'numeric',
          month: 'long',
          ...(thisYear ? {} : { year: 'numeric' }),
        }).format(at(unix)),
      );
    },
    time,
    moment: (unix) => `${named(unix)}, ${time(unix)}`,
    said: (unix) => inSentence[lang](named(unix), time(unix), named(unix) !== day(unix)),
    civil: (date) => {
      const parsed = parseCivil(date);
      return parsed ? dayText(lang, parsed) : date;
    },
  };
}

export const useWhen = (): When => whenIn(useLang());
