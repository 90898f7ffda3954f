/** Age as the switcher says it. Civil dates only; the clinical ages of charts are the library's. */
import type { Lang } from '@relaybox/lib/i18n/dict';

/** From this age on the records of a teenager may hold a compartment that no guardian opens. */
export const limitedFrom = 12;

export interface Age {
  readonly years: number;
  readonly months: number;
  readonly days: number;
}

/** Completed years, months (of all) and days (of all) on the day `today`; null before birth or for no date. */
export function ageOn(born: string | null, today: Date): Age | null {
  const parts = born?.match(/^(\d{4})-(\d{2})-(\d{2})$/);
  if (!parts) return null;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const birth = Date.UTC(year, month - 1, day);
  const now = Date.UTC(today.getFullYear(), today.getMonth(), today.getDate());
  if (now < birth) return null;
  const whole =
    (today.getFullYear() - year) * 12 + today.getMonth() + 1 - month - (today.getDate() < day ? 1 : 0);
  return { years: Math.floor(whole / 12), months: whole, days: Math.round((now - birth) / 86_400_000) };
}

const say = {
  en: {
    years: (n: number) => (n === 1 ? '1 year' : `${n} years`),
    months: (n: number) => (n === 1 ? '1 month' : `${n} months`),
    weeks: (n: number) => (n === 1 ? '1 week' : `${n} weeks`),
    days: (n: number) => (n === 1 ? '1 day' : `${n} days`),
  },
  es: {
    years: (n: number) => (n === 1 ? '1 año' : `${n} años`),
    months: (n: number) => (n === 1 ? '1 mes' : `${n} meses`),
    weeks: (n: number) => (n === 1 ? '1 semana' : `${n} semanas`),
    days: (n: number) => (n === 1 ? '1 día' : `${n} días`),
  },
} as const;

/** Days in the first two weeks, weeks to two months, months to two years, then years. */
export function ageWords(age: Age, lang: Lang): string {
  const words = say[lang];
  if (age.days < 14) return words.days(age.days);
  if (age.months < 2) return words.weeks(Math.floor(age.days / 7));
  return age.months < 24 ? words.months(age.months) : words.years(age.years);
}
