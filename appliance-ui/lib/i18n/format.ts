/**
 * Days, numbers and counted things by language. Civil dates have no zone and never shift; moments (unix seconds)
 * are shown in the zone of the device by the face. US Spanish: day first, decimal point.
 */
import { type Age, type Civil, type FhirDate, partsOf } from '../clinical/dates.ts';
import type { Lang } from './dict.ts';

const locale = { en: 'en-US', es: 'es-US' } as const;

const months: { readonly [lang in Lang]: readonly string[] } = {
  en: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
  es: ['ene', 'feb', 'mar', 'abr', 'may', 'jun', 'jul', 'ago', 'sep', 'oct', 'nov', 'dic'],
};

const monthName = (lang: Lang, month: number): string => months[lang][month - 1] ?? '';

/** "Nov 25, 2026", "25 nov 2026". Written out here, so that every browser says the same. */
export const dayText = (lang: Lang, date: Civil): string => {
  const [year, month, day] = partsOf(date);
  const name = monthName(lang, month);
  return lang === 'es' ? `${day} ${name} ${year}` : `${name} ${day}, ${year}`;
};

/** "Nov 25", "25 nov": where the year stands beside it. */
export const dayWithoutYear = (lang: Lang, date: Civil): string => {
  const [, month, day] = partsOf(date);
  return lang === 'es' ? `${day} ${monthName(lang, month)}` : `${monthName(lang, month)} ${day}`;
};

/** A partial date says no more than it knows: "Nov 2026", "2026". */
export const dateText = (lang: Lang, date: FhirDate): string => {
  if (date.is === 'day') return dayText(lang, date.day);
  return date.is === 'month' ? `${monthName(lang, date.month)} ${date.year}` : String(date.year);
};

/** For papers in the United States: "11/25/2026"; in Spanish the unmistakable form. */
export const paperDate = (lang: Lang, date: Civil): string => {
  if (lang === 'es') return dayText(lang, date);
  const [year, month, day] = partsOf(date);
  return `${String(month).padStart(2, '0')}/${String(day).padStart(2, '0')}/${year}`;
};

/** The forms of a counted thing; `one` where the language counts it as one. */
export interface Forms {
  readonly one: string;
  readonly other: string;
}

const rules = { en: new Intl.PluralRules('en-US'), es: new Intl.PluralRules('es-US') } as const;

/** "1 dose", "3 doses": the number and the form that goes with it. */
export const counted = (lang: Lang, n: number, forms: Forms): string =>
  `${numberText(lang, n)} ${rules[lang].select(n) === 'one' ? forms.one : forms.other}`;

const numbers = new Map<string, Intl.NumberFormat>();

/** Always as many decimals as asked for: a measurement says how exact it is. */
export const numberText = (lang: Lang, value: number, decimals = 0): string => {
  const key = `${lang} ${decimals}`;
  const form =
    numbers.get(key) ??
    new Intl.NumberFormat(locale[lang], { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  numbers.set(key, form);
  return form.format(value);
};

const ages: { readonly [lang in Lang]: { readonly [unit in 'd' | 'w' | 'm' | 'y']: Forms } } = {
  en: {
    d: { one: 'day', other: 'days' },
    w: { one: 'week', other: 'weeks' },
    m: { one: 'month', other: 'months' },
    y: { one: 'year', other: 'years' },
  },
  es: {
    d: { one: 'día', other: 'días' },
    w: { one: 'semana', other: 'semanas' },
    m: { one: 'mes', other: 'meses' },
    y: { one: 'año', other: 'años' },
  },
};

/** Days for two weeks, weeks to two months, months to two years, then years. */
export const ageText = (lang: Lang, age: Age): string => {
  const forms = ages[lang];
  if (age.days < 14) return counted(lang, age.days, forms.d);
  if (age.months < 2) return counted(lang, Math.floor(age.days / 7), forms.w);
  return age.months < 24 ? counted(lang, age.months, forms.m) : counted(lang, age.years, forms.y);
};

/** "a, b and c". */
export const listText = (lang: Lang, parts: readonly string[]): string =>
  new Intl.ListFormat(locale[lang], { type: 'conjunction' }).format(parts).replace(', and ', ' and ');
