/** What a clinician relies on in a chart, each by its case of `tests/vectors/fold.json`. */
import { expect, test } from 'vitest';
import {
  activeAllergies,
  type Chart,
  conflicts,
  contentVersion,
  currentVersion,
  fold,
  type Item,
  pendingOrders,
  statusOf,
} from '../fold.ts';
import { type FoldInput, recordOf } from '../testing/differ/charts.ts';
import type { Hex } from '../types.ts';
import { vectors } from '../vectors.ts';

const { cases } = vectors<{ readonly cases: readonly (FoldInput & { readonly name: string })[] }>(
  'fold.json',
);

function chart(name: string): Chart {
  const found = cases.find((row) => row.name === name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return fold(new Set(found.line), found.records.map(recordOf), found.coverage);
}

/** Id of the n-th record of a vector. */
function id(n: number): Hex {
  return n.toString(16).padStart(64, '0');
}

function ids(item: Item | undefined): readonly Hex[] {
  return item?.versions.map(({ record }) => record.id) ?? [];
}

function status(item: Item | undefined): string | null {
  const current = item === undefined ? null : currentVersion(item);
  return current && statusOf(current);
}

test('three status updates on one problem leave one entry with the last status', () => {
  const { problems } = chart('three status updates on one problem leave one entry with the last status');
  expect(problems).toHaveLength(1);
  expect([status(problems[0]), ids(problems[0])]).toEqual(['resolved', [1, 2, 3, 4].map(id)]);
});

test('a conflict has no current version, and names both', () => {
  const both = chart('two successors of one event are a conflict that names both');
  const [problem] = both.problems;
  expect(problem?.conflict).toEqual({ heads: [id(2), id(3)], of: [id(1)] });
  expect(problem && [currentVersion(problem), contentVersion(problem)]).toEqual([null, null]);
  expect(conflicts(both)).toEqual([problem]);
});

test('a tombstoned allergy is in the history only, with its reason', () => {
  const { allergies, withdrawn } = chart('a tombstoned allergy is absent from the list and in the history');
  expect([allergies.items, activeAllergies(allergies)]).toEqual([[], []]);
  expect(ids(withdrawn[0])).toEqual([id(1), id(2)]);
  expect(withdrawn[0]?.versions[1]?.change?.code).toBe('wrong-patient');
});

test('none known, none recorded and not loaded are three states', () => {
  const state = (name: string) => chart(name).allergies.state;
  expect(state('no known allergies recorded')).toEqual({ is: 'none-known', of: ['any'] });
  expect(state('nothing recorded about allergies')).toEqual({ is: 'not-recorded' });
  expect(state('allergies not loaded')).toEqual({ is: 'not-loaded' });
  expect(state('a partial load never says none known')).toEqual({ is: 'not-loaded' });
});

test('addenda appear under their note in time order', () => {
  const { encounters } = chart('addenda stand under their note in time order');
  expect(encounters).toHaveLength(2);
  expect(encounters[0]?.addenda.map((addendum) => addendum.id)).toEqual([2, 3, 4].map(id));
});

test('a cancelled order is shown once and is not pending', () => {
  const cancelled = chart('a cancelled order shows as cancelled once and is not pending');
  expect(cancelled.orders.map(({ state }) => state)).toEqual(['cancelled', 'pending']);
  expect(pendingOrders(cancelled).map(({ item }) => item.id)).toEqual([id(3)]);
});

test('the tombstone of the former system cancels its order and keeps its name', () => {
  const { orders } = chart('former: the tombstone of an order sits on the order');
  expect(orders.map(({ state }) => state)).toEqual(['cancelled']);
  const content = orders[0] && contentVersion(orders[0].item);
  expect(content?.record.resource.code).toEqual({ text: 'Lead' });
});

test('a report closes the order it names', () => {
  const { orders } = chart('a report that names an order closes it');
  expect(orders.map(({ state, reports }) => [state, reports])).toEqual([['resulted', [id(2)]]]);
});

test('a corrected value replaces the old one, which stays in the history with the reason', () => {
  const { observations } = chart('a correction replaces the value and keeps the old version with the reason');
  const [value] = observations;
  const versions = value?.versions.map(({ record }) => record.resource.valueQuantity) ?? [];
  expect(versions).toMatchObject([{ value: 22 }, { value: 9.979 }]);
  expect(value && currentVersion(value)?.record.id).toBe(ids(value)[1]);
  expect(value?.versions[1]?.change?.text).toBe('pounds typed as kilograms');
});

test('an old registration signed anew overrides nothing', () => {
  const { demographics } = chart('old demographics signed anew do not override');
  expect(demographics && [currentVersion(demographics), demographics.heads]).toEqual([null, [id(2), id(3)]]);
});
