/**
 * All stored events of a filter, page by page, newest first (NIP-01). A page goes on at the last second of the
 * one before, not after it, so that a second with more events than a page is no wall.
 */
import type { Event, Hex } from '../protocol/types.ts';
import type { Filter } from './frames.ts';

/** One page: what the relay sent for this filter, and nothing more than its `limit`. */
export type Ask = (filter: Filter & { limit: number }) => Promise<readonly Event[]>;

export interface PageSizes {
  /** Events of a page. */
  readonly page: number;
  /** The most that the relay gives at once; unknown: null. */
  readonly limitMax: number | null;
  /** After so many events of one filter a relay is not believed any more. */
  readonly eventsMax: number;
}

/**
 * Hands over every event, some of them twice. True when the relay says that there is nothing more; false when a second is
 * denser than the relay can answer, or the bound was reached.
 */
export async function readAll(
  ask: Ask,
  filter: Filter,
  sizes: PageSizes,
  take: (events: readonly Event[]) => void | Promise<void>,
): Promise<boolean> {
  const limit = Math.min(sizes.page, sizes.limitMax ?? sizes.page);
  const pager = new Pager(take, sizes.eventsMax);
  const end = filter.since ?? 0;
  let until = filter.until ?? Number.POSITIVE_INFINITY;
  let whole = true;
  while (until >= end) {
    const events = await ask({ ...filter, ...(Number.isFinite(until) ? { until } : {}), limit });
    const fresh = await pager.give(events);
    if (pager.full) return false;
    // A relay whose own limit is unknown may have given less than it has: then the next page must be empty.
    if (events.length < limit && (sizes.limitMax !== null || fresh === 0)) break;
    const oldest = Math.min(...events.map((event) => event.created_at));
    if (oldest < until) {
      until = oldest;
      continue;
    }
    const second = { ...filter, since: oldest, until: oldest };
    whole = (await readSecond(ask, second, sizes, pager)) && whole;
    if (pager.full) return false;
    until = oldest - 1;
  }
  return whole;
}

/** A second that fills a page by itself: all that the relay gives at once, else kind by kind. */
async function readSecond(ask: Ask, filter: Filter, sizes: PageSizes, pager: Pager): Promise<boolean> {
  const limit = sizes.limitMax ?? sizes.page * 10;
  const events = await ask({ ...filter, limit });
  await pager.give(events);
  if (events.length < limit) return true;
  const kinds = filter.kinds ?? [];
  if (kinds.length < 2) return false;
  let whole = true;
  for (const kind of kinds) {
    if (pager.full) return false;
    whole = (await readSecond(ask, { ...filter, kinds: [kind] }, sizes, pager)) && whole;
  }
  return whole;
}

class Pager {
  private readonly take: (events: readonly Event[]) => void | Promise<void>;
  private readonly eventsMax: number;
  private readonly seen = new Set<Hex>();

  constructor(take: (events: readonly Event[]) => void | Promise<void>, eventsMax: number) {
    this.take = take;
    this.eventsMax = eventsMax;
  }

  get full(): boolean {
    return this.seen.size >= this.eventsMax;
  }

  /** Hands everything over, also under an id that came before: which of two is true, the taker finds out. */
  async give(events: readonly Event[]): Promise<number> {
    const before = this.seen.size;
    for (const { id } of events) this.seen.add(id);
    if (events.length > 0) await this.take(events);
    return this.seen.size - before;
  }
}
