import { expect, test } from 'vitest';
import { dark, light, spine } from './tokens.ts';

/** WCAG 2 relative luminance of `#rrggbb`. */
const luminance = (hex: string): number => {
  const part = (at: number) => {
    const v = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
};
const ratio = (a: string, b: string): number => {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
};

type Role = keyof typeof light;
const seven: readonly [Role, Role][] = [
  ['ink', 'paper'],
  ['ink', 'surface'],
  ['ink', 'sunken'],
  ['ink', 'actSoft'],
  ['ink2', 'paper'],
  ['ink2', 'surface'],
  ['vaultInk', 'vault'],
  ['brassInk', 'brass'],
];
const text: readonly [Role, Role][] = [
  ['ink2', 'sunken'],
  ['ink2', 'actSoft'],
  ['ink2', 'goodBg'],
  ['ink2', 'dueBg'],
  ['ink2', 'stopBg'],
  ['ink2', 'waitBg'],
  ['ink2', 'privBg'],
  ['ink3', 'surface'],
  ['ink3', 'paper'],
  ['ink3', 'sunken'],
  ['ink3', 'actSoft'],
  ['ink3', 'band1'],
  ['ink3', 'band2'],
  ['link', 'surface'],
  ['link', 'paper'],
  ['link', 'actSoft'],
  ['actInk', 'act'],
  ['good', 'goodBg'],
  ['due', 'dueBg'],
  ['stop', 'stopBg'],
  ['stop', 'surface'],
  ['wait', 'waitBg'],
  ['priv', 'privBg'],
  ['vaultInk2', 'vault'],
  ['vaultInk2', 'vaultUp'],
  ['brass', 'vault'],
];
const drawn: readonly [Role, Role][] = [
  ['act', 'surface'],
  ['act', 'paper'],
  ['edge', 'surface'],
  ['edge', 'paper'],
  ['focus', 'surface'],
  ['focus', 'paper'],
  ['goodLine', 'surface'],
  ['dueLine', 'surface'],
  ['stopLine', 'surface'],
  ['waitLine', 'surface'],
  ['privLine', 'surface'],
  ['median', 'surface'],
  ['median', 'band2'],
  ['vaultLine', 'vault'],
];
const levels = [
  ['body text', seven, 7],
  ['secondary text', text, 4.5],
  ['edges, marks and drawn lines', drawn, 3],
] as const;
const schemes = [
  ['light', light],
  ['dark', dark],
] as const;

for (const [scheme, roles] of schemes)
  for (const [what, pairs, least] of levels)
    test(`${what} reach ${least} to 1 in the ${scheme} scheme`, () => {
      const short = pairs
        .map(([a, b]) => ({ pair: `${a} on ${b}`, is: ratio(roles[a], roles[b]) }))
        .filter(({ is }) => is < least);
      expect(short).toEqual([]);
    });

test('white letters stand on every hue of the spine at 5.5 to 1', () => {
  expect(spine.map((hue) => ratio(hue, '#ffffff')).filter((is) => is < 5.5)).toEqual([]);
});

test('the ratio itself is that of WCAG: black on white is 21, and a grey that falls short is seen', () => {
  expect(ratio('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(ratio('#999999', '#ffffff')).toBeLessThan(3);
});
