/** Measurements as a family reads them: by the units that they chose, with the unit beside every number. */
import type { Measure } from '@relaybox/lib/clinical/growth';
import { convert, poundsAndOunces } from '@relaybox/lib/clinical/units';
import type { Lang } from '@relaybox/lib/i18n/dict';
import { numberText } from '@relaybox/lib/i18n/format';
import type { Units } from '../app/prefs.ts';

const pounds = (kg: number): number => convert({ value: kg, code: 'kg' }, '[lb_av]') ?? Number.NaN;
const inches = (cm: number): number => convert({ value: cm, code: 'cm' }, '[in_i]') ?? Number.NaN;

/** Pounds with ounces under two years, decimal pounds after. */
export const weightText = (lang: Lang, units: Units, kg: number, ageDays: number): string => {
  if (units === 'metric') return `${numberText(lang, kg, kg < 20 ? 2 : 1)} kg`;
  if (ageDays > 730) return `${numberText(lang, pounds(kg), 1)} lb`;
  const [lb, oz] = poundsAndOunces(kg);
  return `${lb} lb ${oz} oz`;
};

export const lengthText = (lang: Lang, units: Units, cm: number): string =>
  units === 'metric' ? `${numberText(lang, cm, 1)} cm` : `${numberText(lang, inches(cm), 1)} in`;

export const temperatureText = (lang: Lang, units: Units, celsius: number): string => {
  const fahrenheit = convert({ value: celsius, code: 'Cel' }, '[degF]') ?? Number.NaN;
  return units === 'metric' ? `${numberText(lang, celsius, 1)} °C` : `${numberText(lang, fahrenheit, 1)} °F`;
};

/** Value of a growth point with its unit. */
export const measureText = (
  lang: Lang,
  units: Units,
  measure: Measure,
  value: number,
  ageDays: number,
): string => {
  if (measure === 'weight' || measure === 'weight-for-length') return weightText(lang, units, value, ageDays);
  return measure === 'bmi' ? numberText(lang, value, 1) : lengthText(lang, units, value);
};

/** A value on the axis of its chart, in the unit shown beside it. */
export const axisOf = (
  units: Units,
  measure: Measure,
): { readonly unit: string; readonly at: (value: number) => number } => {
  if (measure === 'bmi') return { unit: 'BMI', at: (value) => value };
  const mass = measure === 'weight' || measure === 'weight-for-length';
  if (units === 'metric') return { unit: mass ? 'kg' : 'cm', at: (value) => value };
  return mass ? { unit: 'lb', at: pounds } : { unit: 'in', at: inches };
};

export const lengthAxis = (units: Units): { readonly unit: string; readonly at: (cm: number) => number } =>
  units === 'metric' ? { unit: 'cm', at: (cm) => cm } : { unit: 'in', at: inches };
