import { describe, expect, test } from 'vitest';
import { convert, poundsAndOunces, readQuantity, UCUM, unitText } from './units.ts';

const coded = (value: number, code: string, unit = code) => ({ value, unit, system: UCUM, code });

describe('units', () => {
  test('converts one newborn from grams, pounds and kilograms to the same weight', () => {
    expect(convert({ value: 3450, code: 'g' }, 'kg')).toBeCloseTo(3.45, 9);
    expect(convert({ value: 3.45, code: 'kg' }, 'kg')).toBe(3.45);
    expect(convert({ value: 7 + 9.7 / 16, code: '[lb_av]' }, 'kg')).toBeCloseTo(3.45, 2);
    expect(convert({ value: 22, code: '[lb_av]' }, 'kg')).toBeCloseTo(9.979, 3);
  });

  test('converts lengths and temperatures both ways', () => {
    expect(convert({ value: 20, code: '[in_i]' }, 'cm')).toBeCloseTo(50.8, 9);
    expect(convert({ value: 98.6, code: '[degF]' }, 'Cel')).toBeCloseTo(37, 9);
    expect(convert({ value: 37, code: 'Cel' }, '[degF]')).toBeCloseTo(98.6, 9);
    expect(convert({ value: 33, code: 'wk' }, 'd')).toBe(231);
  });

  test('never converts between kinds, nor from a unit it does not know', () => {
    expect(convert({ value: 10, code: 'kg' }, 'cm')).toBeNull();
    expect(convert({ value: 10, code: 'stone' }, 'kg')).toBeNull();
    expect(convert({ value: 10, code: 'toString' }, 'kg')).toBeNull();
    expect(convert({ value: Number.NaN, code: 'kg' }, 'g')).toBeNull();
  });

  test('reads a quantity with a code of UCUM', () => {
    expect(readQuantity(coded(10.54, 'kg'))).toEqual({ value: 10.54, code: 'kg' });
    expect(readQuantity(coded(120, 'mm[Hg]', 'mmHg'))).toEqual({ value: 120, code: 'mm[Hg]' });
  });

  test('reads a bare unit of the former system only when it can mean one thing', () => {
    expect(readQuantity({ value: 10, unit: 'kg' })).toEqual({ value: 10, code: 'kg' });
    expect(readQuantity({ value: 10, unit: 'st' })).toBeNull();
    expect(readQuantity({ value: 10 })).toBeNull();
  });

  test('does not choose when code and unit contradict each other', () => {
    expect(readQuantity(coded(22, 'kg', 'lb'))).toBeNull();
    expect(readQuantity({ value: 22, unit: 'kg', system: 'urn:other', code: 'kg' })).toBeNull();
  });

  test('takes neither text nor a bound for a number', () => {
    expect(readQuantity({ ...coded(10, 'kg'), comparator: '<' })).toBeNull();
    expect(readQuantity({ ...coded(10, 'kg'), value: '10' })).toBeNull();
    expect(readQuantity(null)).toBeNull();
  });

  test('carries sixteen ounces to the next pound', () => {
    expect(poundsAndOunces(3.402)).toEqual([7, 8]);
    expect(poundsAndOunces(8 * 0.45359237 - 0.001)).toEqual([8, 0]);
    expect(poundsAndOunces(10.54)).toEqual([23, 4]);
  });

  test('prints the recorded unit, and a bare code in signs that people know', () => {
    expect(unitText({ unit: 'beats/minute', code: '/min' })).toBe('beats/minute');
    expect(unitText({ code: 'ug/dL' })).toBe('mcg/dL');
    expect(unitText({ unit: '10*3/uL' })).toBe('×10³/mcL');
    expect(unitText({ unit: 'toString' })).toBe('toString');
    expect(unitText({})).toBe('');
  });
});
