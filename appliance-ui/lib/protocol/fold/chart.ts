/** The chart: items by type, with what attaches to them. */

import { textAt } from '../elements.ts';
import { currentKind, kinds } from '../kinds.ts';
import type { Hex } from '../types.ts';
import { allergiesOf } from './allergies.ts';
import { attachedOf } from './attach.ts';
import { encountersOf } from './encounters.ts';
import { itemsOf } from './graph.ts';
import { byDisplay, compareText } from './record.ts';
import { join } from './retries.ts';
import { threadsOf } from './threads.ts';
import type {
  Chart,
  Coverage,
  Item,
  Marker,
  Order,
  OrderState,
  Outside,
  Record,
  Unresolved,
  Why,
} from './types.ts';
import { currentVersion, hasId, headVersions, Index, statusOf } from './versions.ts';

/**
 * Folds the shown records of one patient. `line` holds every T of the patient's line of rekeys and the own key. The
 * result does not depend on the order of `records`.
 */
export function fold(line: ReadonlySet<Hex>, records: readonly Record[], coverage: Coverage): Chart {
  const own = records.filter((record) => line.has(record.subject));
  const foreign = new Set(records.filter((record) => !line.has(record.subject)).map(({ id }) => id));
  const joined = join(own.map(withCurrentKind));
  const index = new Index(joined.records);
  const lists = new Lists(line, index);
  const take = (kind: number) => lists.take(kind);
  const reports = lists.all(kinds.report);
  return {
    coverage,
    demographics: take(kinds.patient)[0] ?? null,
    allergies: allergiesOf(take(kinds.allergy), coverage),
    problems: take(kinds.condition),
    medications: take(kinds.medication),
    prescriptions: take(kinds.prescription),
    observations: take(kinds.observation),
    immunizations: take(kinds.immunization),
    encounters: encountersOf(take(kinds.encounter), index),
    threads: threadsOf(take(kinds.message), index),
    orders: ordersOf(take(kinds.order), reports),
    reports: take(kinds.report),
    documents: take(kinds.document),
    resources: take(kinds.resource),
    outside: outsideOf(take(kinds.outsideRecord), lists.withdrawnIds()),
    visits: take(kinds.visit),
    withdrawn: lists.withdrawn(),
    unresolved: lists.unresolved,
    foreign: [...foreign].sort(),
    retryDiffers: [...joined.differing].sort(),
  };
}

function withCurrentKind(record: Record): Record {
  const kind = currentKind(record.kind);
  return kind === record.kind ? record : { ...record, kind };
}

/** Every item of every list, withdrawn ones included. */
export function items(chart: Chart): readonly Item[] {
  return [
    ...(chart.demographics === null ? [] : [chart.demographics]),
    ...chart.allergies.items,
    ...chart.problems,
    ...chart.medications,
    ...chart.prescriptions,
    ...chart.observations,
    ...chart.immunizations,
    ...chart.reports,
    ...chart.documents,
    ...chart.resources,
    ...chart.visits,
    ...chart.withdrawn,
    ...chart.encounters.flatMap((encounter) => [encounter.item, ...encounter.addenda]),
    ...chart.threads.flatMap((thread) => thread.messages),
    ...chart.orders.map((order) => order.item),
    ...chart.outside.map((outside) => outside.item),
  ];
}

/** Items that wait for a clinician to decide between versions. */
export function conflicts(chart: Chart): readonly Item[] {
  return items(chart).filter((item) => item.conflict !== null);
}

/** The item that holds this event, as a version or as a retry of one. */
export function itemOf(chart: Chart, id: Hex): Item | null {
  return items(chart).find((item) => hasId(item, id)) ?? null;
}

/** Orders that wait for a result. */
export function pendingOrders(chart: Chart): readonly Order[] {
  return chart.orders.filter((order) => order.state === 'pending' || order.state === 'partial');
}

function byFirstVersion(one: Item, other: Item): number {
  const [a, b] = [one.versions[0], other.versions[0]];
  return (a && b ? byDisplay(a.record, b.record) : 0) || compareText(one.id, other.id);
}

const whyOrder: readonly Why[] = ['missing', 'other-record', 'not-own'];

function unresolvedInOrder(list: readonly Unresolved[]): readonly Unresolved[] {
  const key = ({ id, names, why }: Unresolved) => `${id}${names}${whyOrder.indexOf(why)}`;
  const byKey = new Map(list.map((unresolved) => [key(unresolved), unresolved]));
  return [...byKey].sort(([one], [other]) => compareText(one, other)).map(([, unresolved]) => unresolved);
}

/** Items by kind while the chart is put together. */
class Lists {
  readonly unresolved: readonly Unresolved[];
  readonly #byKind = new Map<number, readonly Item[]>();

  constructor(line: ReadonlySet<Hex>, index: Index) {
    const places = new Map<number, number[]>();
    for (const [place, { kind }] of index.records.entries()) {
      const list = places.get(kind) ?? [];
      places.set(kind, list);
      list.push(place);
    }
    const unresolved: Unresolved[] = [];
    const attached = attachedOf(line, index, unresolved);
    for (const [kind, list] of places) {
      const items = itemsOf(line, index, list, unresolved).sort(byFirstVersion);
      this.#byKind.set(
        kind,
        items.map((item) => ({ ...item, attached: attached(item) })),
      );
    }
    this.unresolved = unresolvedInOrder(unresolved);
  }

  all(kind: number): readonly Item[] {
    return this.#byKind.get(kind) ?? [];
  }

  /** The items of a kind that are not withdrawn. */
  take(kind: number): readonly Item[] {
    return this.all(kind).filter((item) => item.state !== 'withdrawn');
  }

  /** The withdrawn ones of all lists of a chart. */
  withdrawn(): readonly Item[] {
    const all = [...this.#byKind.values()].flat();
    return all.filter((item) => item.state === 'withdrawn').sort(byFirstVersion);
  }

  withdrawnIds(): ReadonlySet<Hex> {
    return new Set(this.withdrawn().flatMap((item) => item.versions.map(({ record }) => record.id)));
  }
}

function ordersOf(list: readonly Item[], reports: readonly Item[]): Order[] {
  const standing = reports.filter((report) => report.state !== 'withdrawn');
  const placeOf = new Map<Hex, number>();
  for (const [place, report] of standing.entries()) {
    for (const { record } of report.versions) {
      for (const id of [record.id, ...record.aliases]) {
        placeOf.set(id, place);
      }
    }
  }
  return list.map((item) => {
    const results = item.attached.filter(({ marker }) => marker === 'result');
    const places = new Set(results.flatMap(({ id }) => placeOf.get(id) ?? []));
    const named = [...places].sort((one, other) => one - other).flatMap((place) => standing[place] ?? []);
    return { item, state: orderState(item, named), reports: named.map((report) => report.id) };
  });
}

const unfinished: readonly (string | null)[] = ['registered', 'partial', 'preliminary'];

function orderState(item: Item, reports: readonly Item[]): OrderState {
  if (item.state !== 'current') {
    return 'cancelled';
  }
  const finished = (report: Item) =>
    headVersions(report).every(({ record }) => !unfinished.includes(textAt(record.resource, 'status')));
  if (reports.some(finished)) {
    return 'resulted';
  }
  if (reports.length > 0) {
    return 'partial';
  }
  const current = currentVersion(item);
  return current !== null && statusOf(current) === 'completed' ? 'completed' : 'pending';
}

function outsideOf(list: readonly Item[], withdrawn: ReadonlySet<Hex>): Outside[] {
  const accept: Marker = 'accept';
  return list.map((item) => {
    const accepted = item.attached.filter(({ marker, id }) => marker === accept && !withdrawn.has(id));
    return { item, acceptedBy: accepted.map(({ id }) => id) };
  });
}
