/** Runs `tests/vectors/fold.json`, each case also in other orders. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  activeAllergies,
  type Chart,
  conflicts,
  contentVersion,
  currentVersion,
  fold,
  type Item,
  itemOf,
  pendingOrders,
  type Record,
  statusOf,
} from './fold.ts';
import { type FoldInput, recordOf } from './testing/differ/charts.ts';

interface Case extends FoldInput {
  readonly name: string;
  readonly expect: unknown;
}

const file = JSON.parse(
  readFileSync(new URL('../../../tests/vectors/fold.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly Case[] };

function recordsOf(row: Case): Record[] {
  return row.records.map(recordOf);
}

function chartOf(row: Case, records: readonly Record[]): Chart {
  return fold(new Set(row.line), records, row.coverage);
}

function caseOf(name: string): Case {
  const found = file.cases.find((row) => row.name === name);
  expect(found, name).toBeDefined();
  return found as Case;
}

const idOf = (item: Item) => item.id;
const contentOf = (item: Item) => contentVersion(item)?.record.id ?? null;

function summaryOf(item: Item): unknown {
  const current = currentVersion(item);
  return {
    id: item.id,
    state: item.state,
    status: current === null ? null : statusOf(current),
    heads: item.heads,
    versions: item.versions.map(({ record }) => record.id),
    conflict: item.conflict,
    missing: item.missing,
    attached: item.attached.map(({ marker, id }) => [marker, id]),
    aliases: item.versions.flatMap(({ record }) => record.aliases),
    changes: item.versions.map(({ change }) => change),
    content: contentOf(item),
  };
}

/** The chart as the file writes it. */
function summary(chart: Chart): unknown {
  const all = (items: readonly Item[]) => items.map(summaryOf);
  const { state } = chart.allergies;
  return {
    demographics: chart.demographics && summaryOf(chart.demographics),
    allergies: {
      state: state.is === 'none-known' ? { 'none-known': state.of } : state.is,
      complete: chart.allergies.complete,
      clash: chart.allergies.clash,
      items: all(chart.allergies.items),
    },
    active_allergies: activeAllergies(chart.allergies).map(idOf),
    problems: all(chart.problems),
    medications: all(chart.medications),
    prescriptions: all(chart.prescriptions),
    observations: all(chart.observations),
    immunizations: all(chart.immunizations),
    reports: all(chart.reports),
    documents: all(chart.documents),
    resources: all(chart.resources),
    visits: all(chart.visits),
    withdrawn: all(chart.withdrawn),
    encounters: chart.encounters.map(({ item, addenda }) => ({ id: item.id, addenda: addenda.map(idOf) })),
    threads: chart.threads.map(({ id, messages }) => ({ id, messages: messages.map(idOf) })),
    orders: chart.orders.map(({ item, state, reports }) => ({
      id: item.id,
      state,
      reports,
      content: contentOf(item),
    })),
    pending_orders: pendingOrders(chart).map(({ item }) => item.id),
    outside: chart.outside.map(({ item, acceptedBy }) => ({ id: item.id, accepted_by: acceptedBy })),
    conflicts: conflicts(chart).map(({ conflict }) => conflict),
    unresolved: chart.unresolved.map(({ id, names, why }) => ({ id, names, why })),
    foreign: chart.foreign,
    retry_differs: chart.retryDiffers,
  };
}

test.each(file.cases.map((row) => [row.name, row] as const))(
  'the fold vector "%s" makes its chart',
  (_, row) => {
    expect(summary(chartOf(row, recordsOf(row)))).toMatchObject(row.expect as object);
  },
);

test('no fold vector is left out', () => {
  expect(file.cases.length).toBeGreaterThanOrEqual(56);
});

test('the order in which records come never matters', () => {
  for (const row of file.cases) {
    const records = recordsOf(row);
    const straight = chartOf(row, records);
    for (let turn = 1; turn <= records.length; turn += 1) {
      const turned = [...records.slice(turn), ...records.slice(0, turn)];
      expect(chartOf(row, turned), row.name).toEqual(straight);
      expect(chartOf(row, turned.reverse()), row.name).toEqual(straight);
    }
  }
});

test('records delivered twice change nothing', () => {
  for (const row of file.cases) {
    const records = recordsOf(row);
    expect(chartOf(row, [...records, ...records]), row.name).toEqual(chartOf(row, records));
  }
});

test('no record of the patient is dropped silently', () => {
  for (const row of file.cases) {
    const records = recordsOf(row);
    for (let count = 1; count <= records.length; count += 1) {
      const chart = chartOf(row, records.slice(0, count));
      for (const { id } of records.slice(0, count)) {
        const named =
          itemOf(chart, id) !== null ||
          chart.unresolved.some((unresolved) => unresolved.id === id) ||
          chart.retryDiffers.includes(id) ||
          chart.foreign.includes(id);
        expect(named, `${row.name}: ${id}`).toBe(true);
      }
    }
  }
});

test('a version that names a tombstone that does not hold stays in the chart', () => {
  const row = caseOf('a parent withdraws own messages only');
  const records = recordsOf(row);
  const chart = chartOf(row, records);
  const refused = chart.unresolved.find(({ why }) => why === 'not-own');
  const tombstone = records.find(({ id }) => id === refused?.id);
  expect(tombstone).toBeDefined();
  const { id, signer } = tombstone as Record;
  const last: Record = {
    ...(tombstone as Record),
    id: 'f'.repeat(64),
    act: null,
    signer,
    links: [{ id, marker: 'correction' }],
  };
  const after = chartOf(row, [...records, last]);
  expect(itemOf(chart, id)).toBeNull();
  expect(itemOf(after, last.id)?.versions.map(({ record }) => record.id)).toEqual([last.id]);
});

test('the ids of retries stand in their own order, whatever the box received first', () => {
  const row = caseOf('a retry counts once and its id is an alias');
  const [first] = recordsOf(row);
  const retry = (id: string, n: number): Record => ({
    ...(first as Record),
    id: id.repeat(64),
    order: { position: 9, received: 9, n },
  });
  const { aliases } = itemOf(chartOf(row, [first as Record, retry('c', 1), retry('b', 2)]), first?.id ?? '')
    ?.versions[0]?.record ?? { aliases: [] };
  expect(aliases).toEqual(['b'.repeat(64), 'c'.repeat(64)]);
});

test('a chart of five thousand records is whole', () => {
  const [template] = recordsOf(file.cases[0] as Case);
  const line = new Set([template?.subject ?? '']);
  const records = Array.from({ length: 5_000 }, (_, n): Record => {
    const id = (n + 2 ** 40).toString(16).padStart(64, '7');
    return { ...(template as Record), id, act: { r: id, same: id }, order: { position: 1, received: 1, n } };
  });
  const { problems } = fold(line, records, 'complete');
  expect(problems.map(({ id }) => id)).toEqual(records.map(({ id }) => id));
});
