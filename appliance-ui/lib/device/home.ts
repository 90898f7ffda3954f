/** Everything that one person keeps on this device. */
import type { Hex } from '../protocol/types.ts';
import type { PracticeAddress } from '../session/api.ts';
import type { Home, Keep } from '../session/keep.ts';
import { DeviceBook } from './book.ts';
import type { DeviceDb } from './db.ts';
import { DeviceKeep } from './keep.ts';
import type { Cabinet } from './seal.ts';
import { queueTurn, type TabTurn } from './tabs.ts';

export class DeviceHome implements Home {
  private readonly db: DeviceDb;
  private readonly cabinet: Cabinet;
  private readonly book: DeviceBook;
  private readonly turn: TabTurn;
  private lost = false;

  private constructor(db: DeviceDb, cabinet: Cabinet, turn: TabTurn) {
    this.db = db;
    this.cabinet = cabinet;
    this.book = new DeviceBook(db, cabinet);
    this.turn = turn;
  }

  /** `turned` is called when it is this tab's turn to keep, and when the browser has removed what was kept. */
  static async open(db: DeviceDb, cabinet: Cabinet, turned: () => void): Promise<DeviceHome> {
    const turn = queueTurn(await cabinet.name('turn'), turned);
    const home = new DeviceHome(db, cabinet, turn);
    // Only a browser that takes the storage away closes it without being asked.
    db.on('close', () => {
      home.lost = true;
      turned();
    });
    return home;
  }

  get removed(): boolean {
    return this.lost;
  }

  get mine(): boolean {
    return this.turn.mine;
  }

  practices(): Promise<readonly PracticeAddress[]> {
    return this.book.load();
  }

  async savePractices(practices: readonly PracticeAddress[]): Promise<void> {
    await this.book.save(practices);
  }

  keepOf(practice: Hex): Keep {
    return this.keep(practice);
  }

  async clear(practice: Hex): Promise<void> {
    await this.keep(practice).clear();
  }

  private keep(practice: Hex): DeviceKeep {
    return new DeviceKeep(this.db, this.cabinet, practice, () => this.turn.mine && !this.lost);
  }
}
