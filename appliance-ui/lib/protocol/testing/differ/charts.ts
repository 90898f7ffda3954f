/** The TypeScript side of `tests/src/differ/charts.rs`: the fold, and a chart as JSON. */
import {
  activeAllergies,
  type Chart,
  type Coverage,
  conflicts,
  contentVersion,
  currentVersion,
  fold,
  type Item,
  pendingOrders,
  type Record,
  statusOf,
} from '../../fold.ts';
import type { Hex } from '../../types.ts';

interface Row extends Omit<Record, 'aliases' | 'act' | 'links' | 'order' | 'createdAt'> {
  readonly r: Hex | null;
  readonly same: Hex | null;
  readonly links: readonly (readonly [Hex, string])[];
  readonly order: readonly [number, number, number];
  readonly created_at: number;
}

export interface FoldInput {
  readonly records: readonly Row[];
  readonly line: readonly Hex[];
  readonly coverage: Coverage;
}

/** A record as vectors and the differential run write it. */
export function recordOf({ r, same, links, order, created_at, ...rest }: Row): Record {
  const [position, received, n] = order;
  return {
    ...rest,
    aliases: [],
    act: r === null || same === null ? null : { r, same },
    links: links.map(([id, marker]) => ({ id, marker })),
    order: { position, received, n },
    createdAt: created_at,
  };
}

export function foldAnswer({ records, line, coverage }: FoldInput): unknown {
  return summary(fold(new Set(line), records.map(recordOf), coverage));
}

function item(item: Item): unknown {
  const current = currentVersion(item);
  return {
    id: item.id,
    kind: item.kind,
    state: item.state,
    status: current && statusOf(current),
    heads: item.heads,
    conflict: item.conflict,
    missing: item.missing,
    attached: item.attached.map(({ marker, id }) => [marker, id]),
    versions: item.versions.map(({ record, marker, replaces, change }) => [
      record.id,
      record.aliases,
      marker,
      replaces,
      change,
    ]),
    content: contentVersion(item)?.record.id ?? null,
  };
}

const ids = (items: readonly Item[]) => items.map(({ id }) => id);

/** Everything a chart says but the resources. */
export function summary(chart: Chart): unknown {
  const { allergies } = chart;
  const { state } = allergies;
  const lists = [
    chart.problems,
    chart.medications,
    chart.prescriptions,
    chart.observations,
    chart.immunizations,
    chart.reports,
    chart.documents,
    chart.resources,
    chart.visits,
    chart.withdrawn,
  ];
  return {
    demographics: chart.demographics && item(chart.demographics),
    lists: lists.map((list) => list.map(item)),
    allergies: {
      state: state.is === 'none-known' ? { 'none-known': state.of } : state.is,
      complete: allergies.complete,
      clash: allergies.clash,
      items: allergies.items.map(item),
      active: ids(activeAllergies(allergies)),
    },
    encounters: chart.encounters.map((note) => [item(note.item), note.addenda.map(item)]),
    threads: chart.threads.map(({ id, messages }) => [id, messages.map(item)]),
    orders: chart.orders.map((order) => [item(order.item), order.state, order.reports]),
    outside: chart.outside.map((outside) => [item(outside.item), outside.acceptedBy]),
    pending: pendingOrders(chart).map((order) => order.item.id),
    conflicts: ids(conflicts(chart)),
    unresolved: chart.unresolved.map(({ id, kind, names, why }) => [id, kind, names, why]),
    foreign: chart.foreign,
    retryDiffers: chart.retryDiffers,
  };
}
