/** Records of one practice, sealed on this device for reading offline. */

import type { Event, Hex } from '../protocol/types.ts';
import { isEvent } from '../relay/frames.ts';
import type { Keep, Kept, Part } from '../session/keep.ts';
import { type DeviceDb, type EventsRow, stored } from './db.ts';
import type { Cabinet } from './seal.ts';

/** Characters of JSON in one row, about: a row is read and opened as a whole. */
const ROW_CHARS = 262_144;

export class DeviceKeep implements Keep {
  private readonly db: DeviceDb;
  private readonly cabinet: Cabinet;
  private readonly practice: Hex;
  private readonly mayWrite: () => boolean;

  /** `mayWrite` is false while another tab keeps, and when the browser has removed all of it. */
  constructor(db: DeviceDb, cabinet: Cabinet, practice: Hex, mayWrite: () => boolean) {
    this.db = db;
    this.cabinet = cabinet;
    this.practice = practice;
    this.mayWrite = mayWrite;
  }

  get mine(): boolean {
    return this.mayWrite();
  }

  async load(): Promise<Kept> {
    const practice = await this.name();
    const rows = await stored(() => this.db.events.where({ practice }).toArray());
    const events: Event[] = [];
    const damaged: number[] = [];
    for (const row of rows) {
      const list = await this.cabinet.unseal(placeOf(row), row.sealed);
      if (Array.isArray(list)) events.push(...list.filter(isEvent));
      if (!Array.isArray(list) || !list.every(isEvent)) damaged.push(row.n);
    }
    const place = `${practice} heard`;
    if (damaged.length > 0) {
      // Without its time the copy counts as a part until everything has been read once more.
      await stored(() => this.db.values.delete(place));
      await stored(() => this.db.events.bulkDelete(damaged));
      return { events, heard: null };
    }
    const value = await stored(() => this.db.values.get(place));
    const heard = value && (await this.cabinet.unseal(place, value.sealed));
    return { events, heard: typeof heard === 'number' ? heard : null };
  }

  async add(part: Part, events: readonly Event[]): Promise<void> {
    if (!this.mayWrite()) return;
    const rows = await this.rows(part, events);
    await stored(() => this.db.events.bulkAdd(rows));
  }

  async replace(part: Part, events: readonly Event[]): Promise<void> {
    const practice = await this.name();
    const name = await this.name(part);
    const rows = this.mayWrite() ? await this.rows(part, events) : [];
    // What must go, goes from every tab.
    if (!this.mayWrite() && events.length > 0) return;
    await stored(() =>
      this.db.transaction('rw', this.db.events, async () => {
        await this.db.events.where({ practice, part: name }).delete();
        await this.db.events.bulkAdd(rows);
      }),
    );
  }

  async heard(at: number): Promise<void> {
    if (!this.mayWrite()) return;
    const name = `${await this.name()} heard`;
    const sealed = await this.cabinet.seal(name, at);
    await stored(() => this.db.values.put({ name, sealed }));
  }

  /** Removes all that is kept of the practice. */
  async clear(): Promise<void> {
    const practice = await this.name();
    await stored(() => this.db.events.where({ practice }).delete());
    await stored(() => this.db.values.delete(`${practice} heard`));
  }

  private name(part?: Part): Promise<string> {
    if (!part) return this.cabinet.name('practice', this.practice);
    return this.cabinet.name('part', this.practice, part.is, part.is === 'subject' ? part.key : '');
  }

  private async rows(part: Part, events: readonly Event[]): Promise<EventsRow[]> {
    const names = { practice: await this.name(), part: await this.name(part) };
    const rows: EventsRow[] = [];
    for (const batch of batches(events)) {
      rows.push({ ...names, sealed: await this.cabinet.seal(placeOf(names), batch) });
    }
    return rows;
  }
}

function placeOf({ practice, part }: Pick<EventsRow, 'practice' | 'part'>): string {
  return `${practice} ${part}`;
}

function* batches(events: readonly Event[]): Iterable<Event[]> {
  let batch: Event[] = [];
  let chars = 0;
  for (const event of events) {
    batch.push(event);
    chars += event.content.length + event.tags.reduce((sum, tag) => sum + tag.join().length, 300);
    if (chars < ROW_CHARS) continue;
    yield batch;
    batch = [];
    chars = 0;
  }
  if (batch.length > 0) yield batch;
}
