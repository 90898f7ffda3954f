import { expect, test } from 'vitest';
import { paths } from './paths.ts';
import { router } from './router.tsx';
import { placeOf } from './shell.tsx';
import { sectionOf } from './switcher.tsx';

test('the list that tests walk holds every address of the router, and no other', () => {
  const known = Object.keys(router.routesByPath).filter((path) => path !== '__root__');
  expect([...paths].sort()).toEqual(known.sort());
});

test('an address belongs to one of the five places', () => {
  expect(placeOf('/r/2')).toBe('home');
  expect(placeOf('/')).toBe('home');
  expect(placeOf('/r/2/health/growth')).toBe('health');
  expect(placeOf('/messages/4')).toBe('messages');
  expect(placeOf('/r/2/visits/4/genuine')).toBe('visits');
  expect(placeOf('/r/2/readers')).toBe('more');
  expect(placeOf('/keys')).toBe('more');
});

test('switching the child keeps the section and drops the number of a record', () => {
  expect(sectionOf('/r/$n/health/growth')).toBe('/r/$n/health/growth');
  expect(sectionOf('/r/$n/visits/$m/genuine')).toBe('/r/$n/visits');
  expect(sectionOf('/r/$n/')).toBe('/r/$n');
  expect(sectionOf(undefined)).toBe('/r/$n');
});
