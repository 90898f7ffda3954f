import { expect, test } from 'vitest';
import { chartNews, chartSeen } from './again.ts';
import type { ChartView } from './api.ts';

const view = (over: Partial<ChartView> = {}): ChartView => ({
  subject: {
    n: 1,
    key: 'ab'.repeat(32),
    standing: 'guardian',
    given: 'Wren',
    family: null,
    born: null,
    sex: 'unknown',
    twin: null,
    compartments: ['desk', 'chart'],
    access: { is: 'open' },
  },
  chart: { coverage: 'complete' } as ChartView['chart'],
  checked: new Map(),
  apart: [],
  pending: 0,
  sealed: 0,
  completeness: { k: 3, n: 3, destroyed: 0, officeWhole: true, missing: null },
  loading: null,
  asOf: 100,
  ...over,
});

test('a view whose records were sent before is told without them, and the page sees it whole', () => {
  const first = view();
  const whole = chartNews(4, undefined, first);
  expect(whole).toEqual({ is: 'chart', id: 4, view: first });
  const seen = chartSeen(null, structuredClone(whole));
  expect(seen).toEqual(first);

  const later = { ...first, asOf: 200, subject: { ...first.subject, given: 'Wrenna' } };
  const again = chartNews(4, first, later);
  expect(again.is).toBe('chart-again');
  expect(JSON.stringify(again)).not.toContain('coverage');
  const merged = chartSeen(seen, structuredClone(again));
  expect(merged).toEqual(later);
  // What did not change is the very same, so that nothing is drawn for it again.
  expect(merged?.chart).toBe(seen?.chart);
});

test('a record more, one fewer, or one kept apart is sent as a whole', () => {
  const first = view();
  for (const changed of [
    view({ apart: first.apart, checked: first.checked }),
    { ...first, checked: new Map() },
    { ...first, apart: [] },
  ])
    expect(chartNews(4, first, changed)).toEqual({ is: 'chart', id: 4, view: changed });
  expect(chartNews(4, first, first).is).toBe('chart-again');
});

test('news for somebody who has seen no record yet show nothing', () => {
  const again = chartNews(4, view(), view());
  expect(again.is).toBe('chart');
  const first = view();
  expect(chartSeen(null, chartNews(4, first, { ...first, asOf: 200 }))).toBeNull();
  expect(chartSeen(first, { is: 'done', id: 4 })).toBeNull();
});
