/** The practices that a person has entered, sealed on this device, the one that was open last in front. */
import type { PracticeAddress } from '../session/api.ts';
import { type DeviceDb, stored } from './db.ts';
import type { Cabinet } from './seal.ts';

export interface AddressBook {
  load(): Promise<readonly PracticeAddress[]>;
  save(practices: readonly PracticeAddress[]): Promise<void>;
}

export class DeviceBook implements AddressBook {
  private readonly db: DeviceDb;
  private readonly cabinet: Cabinet;

  constructor(db: DeviceDb, cabinet: Cabinet) {
    this.db = db;
    this.cabinet = cabinet;
  }

  async load(): Promise<readonly PracticeAddress[]> {
    const name = await this.cabinet.name('practices');
    const row = await stored(() => this.db.values.get(name));
    const list = row && (await this.cabinet.unseal(name, row.sealed));
    return Array.isArray(list) ? (list as PracticeAddress[]) : [];
  }

  async save(practices: readonly PracticeAddress[]): Promise<void> {
    const name = await this.cabinet.name('practices');
    const sealed = await this.cabinet.seal(name, practices);
    await stored(() => this.db.values.put({ name, sealed }));
  }
}
