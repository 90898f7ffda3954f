/**
 * Civil dates: days of the calendar without hours or zones, and the partial dates of FHIR.
 *
 * A birth date is the same day everywhere, so nothing here passes through `Date` or a time zone. The day of a
 * FHIR dateTime is the day that its writer wrote, whatever its offset: the clinic's own calendar day.
 *
 * Ages are counted in completed units, as people count them: born on the 31st, a month is complete on the last
 * day of a shorter month; born on February 29, a year is complete on February 28.
 * The immunization schedule counts in another way (CDSi CALCDT-5); it is not here.
 */

declare const civil: unique symbol;
/** `YYYY-MM-DD`, a day that exists. Compares and sorts as text. */
export type Civil = string & { readonly [civil]: true };

export interface Age {
  readonly days: number;
  /** Completed. */
  readonly months: number;
  /** Completed. */
  readonly years: number;
}

/** A FHIR date, or the day of a FHIR dateTime. */
export type FhirDate =
  | { readonly is: 'day'; readonly day: Civil }
  | { readonly is: 'month'; readonly year: number; readonly month: number }
  | { readonly is: 'year'; readonly year: number };

const leap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

export const daysOfMonth = (year: number, month: number): number =>
  month === 2 && leap(year) ? 29 : (lengths[month - 1] ?? 0);

const two = (n: number): string => String(n).padStart(2, '0');

/** Null for a day that does not exist. */
export const civilFrom = (year: number, month: number, day: number): Civil | null => {
  const whole = [year, month, day].every(Number.isInteger);
  if (!whole || year < 1 || year > 9999 || month < 1 || month > 12) return null;
  if (day < 1 || day > daysOfMonth(year, month)) return null;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}` as Civil;
};

/** Year, month 1–12, day 1–31. */
export const partsOf = (date: Civil): readonly [year: number, month: number, day: number] => [
  Number(date.slice(0, 4)),
  Number(date.slice(5, 7)),
  Number(date.slice(8, 10)),
];

/** A whole day and nothing else: `2026-11-25`. */
export const parseCivil = (text: unknown): Civil | null => {
  const found = typeof text === 'string' ? /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) : null;
  return found ? civilFrom(Number(found[1]), Number(found[2]), Number(found[3])) : null;
};

const fhirForm = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)?$/;

/** A FHIR date, dateTime or instant, with the precision that it has; null for anything else. */
export const parseFhirDate = (text: unknown): FhirDate | null => {
  const found = typeof text === 'string' ? fhirForm.exec(text) : null;
  if (!found) return null;
  const year = Number(found[1]);
  if (found[2] === undefined) return year > 0 ? { is: 'year', year } : null;
  const month = Number(found[2]);
  if (found[3] === undefined) return month >= 1 && month <= 12 ? { is: 'month', year, month } : null;
  const day = civilFrom(year, month, Number(found[3]));
  return day ? { is: 'day', day } : null;
};

/** The day, where one is named. */
export const dayOf = (date: FhirDate | null): Civil | null => (date?.is === 'day' ? date.day : null);

/** Sorts partial dates by the first day they can mean. */
export const sortKey = (date: FhirDate): string => {
  if (date.is === 'day') return date.day;
  const year = String(date.year).padStart(4, '0');
  return date.is === 'month' ? `${year}-${two(date.month)}` : year;
};

/** Days since 1970-01-01, negative before (proleptic Gregorian). */
export const dayNumber = (date: Civil): number => {
  const [year, month, day] = partsOf(date);
  const y = month > 2 ? year : year - 1;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
};

/** The inverse of `dayNumber`. */
export const civilOfDay = (days: number): Civil | null => {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return civilFrom(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day);
};

export const daysBetween = (from: Civil, to: Civil): number => dayNumber(to) - dayNumber(from);

/** A day some days away; null beyond year 9999. */
export const addDays = (date: Civil, days: number): Civil | null => civilOfDay(dayNumber(date) + days);

/** The same day of a later month, or the last day of a month that is too short. */
export const addMonths = (date: Civil, months: number): Civil | null => {
  const [year, month, day] = partsOf(date);
  const total = year * 12 + (month - 1) + months;
  const toYear = Math.floor(total / 12);
  const toMonth = total - toYear * 12 + 1;
  return civilFrom(toYear, toMonth, Math.min(day, daysOfMonth(toYear, toMonth)));
};

/** Completed age; null before birth. */
export const ageAt = (born: Civil, on: Civil): Age | null => {
  const days = daysBetween(born, on);
  if (days < 0) return null;
  const [bornYear, bornMonth, bornDay] = partsOf(born);
  const [year, month, day] = partsOf(on);
  const whole = day >= Math.min(bornDay, daysOfMonth(year, month));
  const months = (year - bornYear) * 12 + (month - bornMonth) - (whole ? 0 : 1);
  return { days, months, years: Math.floor(months / 12) };
};

/** The day in the zone of this device, or in a named one, at a time in unix seconds. */
export const civilAt = (unix: number, timeZone?: string): Civil | null => {
  const form = new Intl.DateTimeFormat('en-CA', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  return parseCivil(form.format(new Date(unix * 1000)));
};
