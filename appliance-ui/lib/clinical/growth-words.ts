/**
 * What a parent, or a teenager about themself, is told of a place in line: facts, no grade.
 *
 * p is rounded to a whole; below 1 and above 99 the sentence says "fewer than 1 in 100", so nobody is at the 0th or
 * 100th percentile. The two numbers and the child make a hundred. Words are chosen for reading grade 6 or lower.
 */
import type { Lang } from '../i18n/dict.ts';
import type { GrowthSex, Measure } from './growth.ts';

/** A percentile as it may be said. */
export type Place =
  | { readonly is: 'lowest' }
  | { readonly is: 'highest' }
  | { readonly is: 'at'; readonly p: number };

export const placeOf = (percentile: number): Place | null => {
  if (!Number.isFinite(percentile)) return null;
  if (percentile < 1) return { is: 'lowest' };
  if (percentile > 99) return { is: 'highest' };
  return { is: 'at', p: Math.round(percentile) };
};

/** Bars of the line-up before the child, of 100 in all. */
export const barsBefore = (place: Place): number => {
  if (place.is === 'lowest') return 0;
  return place.is === 'highest' ? 99 : place.p;
};

export interface Told {
  readonly measure: Measure;
  readonly sex: GrowthSex;
  readonly place: Place;
  /** First name; null: the person who reads is the one who was measured. */
  readonly name: string | null;
  /** Without a name: Spanish says tú to a young reader, usted to an adult. */
  readonly young: boolean;
  /** Early birth: age from the due date. */
  readonly corrected: boolean;
}

/** What the others do, for one and for many. */
type Verb = readonly [one: string, many: string];
interface Verbs {
  readonly less: Verb;
  /** After the other half of the sentence. */
  readonly more: Verb;
  /** The same where it stands alone. */
  readonly alone: Verb;
}

const enWeight: Verbs = {
  less: ['weighs less', 'weigh less'],
  more: ['weighs more', 'weigh more'],
  alone: ['weighs more', 'weigh more'],
};
const esWeight: Verbs = {
  less: ['pesa menos', 'pesan menos'],
  more: ['pesa más', 'pesan más'],
  alone: ['pesa más', 'pesan más'],
};

const verbs: { readonly [lang in Lang]: { readonly [measure in Measure]: Verbs } } = {
  en: {
    weight: enWeight,
    'weight-for-length': enWeight,
    length: {
      less: ['is shorter', 'are shorter'],
      more: ['is taller', 'are taller'],
      alone: ['is taller', 'are taller'],
    },
    head: {
      less: ['has a smaller head', 'have a smaller head'],
      more: ['has a larger one', 'have a larger one'],
      alone: ['has a larger head', 'have a larger head'],
    },
    bmi: {
      less: ['has a lower BMI', 'have a lower BMI'],
      more: ['has a higher one', 'have a higher one'],
      alone: ['has a higher BMI', 'have a higher BMI'],
    },
  },
  es: {
    weight: esWeight,
    'weight-for-length': esWeight,
    length: {
      less: ['mide menos', 'miden menos'],
      more: ['mide más', 'miden más'],
      alone: ['mide más', 'miden más'],
    },
    head: {
      less: ['tiene la cabeza más chica', 'tienen la cabeza más chica'],
      more: ['la tiene más grande', 'la tienen más grande'],
      alone: ['tiene la cabeza más grande', 'tienen la cabeza más grande'],
    },
    bmi: {
      less: ['tiene un IMC más bajo', 'tienen un IMC más bajo'],
      more: ['lo tiene más alto', 'lo tienen más alto'],
      alone: ['tiene un IMC más alto', 'tienen un IMC más alto'],
    },
  },
};

const verb = (pair: Verb, n: number): string => pair[n === 1 ? 0 : 1];

const english = ({ measure, sex, place, name, corrected }: Told): string => {
  const own = name === null ? 'your' : sex === 'male' ? 'his' : 'her';
  const peers = sex === 'male' ? 'boys' : 'girls';
  const than = name ?? 'you';
  const of = measure === 'weight-for-length' ? `of ${own} length` : `${own} age`;
  const due = corrected && measure !== 'weight-for-length' ? 'Counted from the due date: ' : '';
  const start = (word: string): string => (due === '' ? word : due + word.toLowerCase());
  const { less, more, alone } = verbs.en[measure];
  if (place.is !== 'at')
    return `${start('Fewer')} than 1 in 100 ${peers} ${of} ${place.is === 'lowest' ? less[1] : alone[1]} than ${than}.`;
  const rest = 99 - place.p;
  const first = `${start('Out')} of 100 ${peers} ${of}, about ${place.p} ${verb(less, place.p)} than ${than}`;
  return rest === 0 ? `${first}.` : `${first} and ${rest} ${verb(more, rest)}.`;
};

const spanish = ({ measure, sex, place, name, young, corrected }: Told): string => {
  const boy = sex === 'male';
  const peers = name === null ? (boy ? 'chicos' : 'chicas') : boy ? 'niños' : 'niñas';
  const own = name === null && young ? 'tu' : 'su';
  const of = measure === 'weight-for-length' ? `de ${own} talla` : `de ${own} edad`;
  const due = corrected && measure !== 'weight-for-length' ? 'Contando desde la fecha prevista: ' : '';
  const start = (word: string): string => (due === '' ? word : due + word.toLowerCase());
  const than = name ?? (young ? 'tú' : 'usted');
  const { less, more, alone } = verbs.es[measure];
  if (place.is !== 'at')
    return `${start('Menos')} de 1 de cada 100 ${peers} ${of} ${place.is === 'lowest' ? less[0] : alone[0]} que ${than}.`;
  const rest = 99 - place.p;
  const some = boy ? 'unos' : 'unas';
  const about = place.p === 1 ? 'cerca de 1' : `${some} ${place.p}`;
  const first = `${start('De')} cada 100 ${peers} ${of}, ${about} ${verb(less, place.p)} que ${than}`;
  return rest === 0 ? `${first}.` : `${first} y ${rest} ${verb(more, rest)}.`;
};

/** "Out of 100 boys his age, about 57 weigh less than Mateo and 42 weigh more." */
export const placeSentence = (lang: Lang, told: Told): string =>
  lang === 'es' ? spanish(told) : english(told);

/** The ends of the line-up: "57 weigh less", "42 weigh more"; empty where nobody stands. */
export const lineUpEnds = (
  lang: Lang,
  measure: Measure,
  place: Place,
): readonly [left: string, right: string] => {
  const before = barsBefore(place);
  const after = 99 - before;
  const { less, alone } = verbs[lang][measure];
  return [
    before === 0 ? '' : `${before} ${verb(less, before)}`,
    after === 0 ? '' : `${after} ${verb(alone, after)}`,
  ];
};

const ordinal = (p: number): string => {
  const teen = p % 100 >= 11 && p % 100 <= 13;
  const end = teen ? 'th' : (['th', 'st', 'nd', 'rd'][p % 10] ?? 'th');
  return `${p}${end}`;
};

/** "57th percentile", "percentil 57", "below the 1st percentile". */
export const percentileText = (lang: Lang, place: Place): string => {
  if (lang === 'es') {
    if (place.is === 'at') return `percentil ${place.p}`;
    return place.is === 'lowest' ? 'menos del percentil 1' : 'más del percentil 99';
  }
  if (place.is === 'at') return `${ordinal(place.p)} percentile`;
  return place.is === 'lowest' ? 'below the 1st percentile' : 'above the 99th percentile';
};

/** For a column headed "Percentile": "57", "< 1", "> 99". */
export const percentileCell = (place: Place): string => {
  if (place.is === 'at') return String(place.p);
  return place.is === 'lowest' ? '< 1' : '> 99';
};
