/** This device as the worker uses it: who is here, who unlocks, who is added, and forgetting all of it. */
import type { Home } from '../session/keep.ts';
import { DeviceDb } from './db.ts';
import { DeviceHome } from './home.ts';
import { addPerson, forgetDevice, openPerson, peopleHere } from './people.ts';

/** A passkey that was just used: its id and the 32 bytes of its PRF. They are wiped after use. */
export interface UsedPasskey {
  readonly credential: Uint8Array<ArrayBuffer>;
  readonly prf: Uint8Array<ArrayBuffer>;
}

export class Device {
  private readonly db = new DeviceDb();

  /** The passkeys that open something here. */
  async passkeys(): Promise<readonly Uint8Array<ArrayBuffer>[]> {
    return (await peopleHere(this.db)).map(({ credential }) => credential);
  }

  /** The person's key and home. Rejects with `wrong-key` when the passkey opens nothing here. */
  async unlock(
    used: UsedPasskey,
    turned: () => void,
  ): Promise<{ readonly person: Uint8Array<ArrayBuffer>; readonly home: Home }> {
    const { person, cabinet } = await openPerson(this.db, used);
    used.prf.fill(0);
    return { person, home: await DeviceHome.open(this.db, cabinet, turned) };
  }

  /** Whether this passkey opens this very key. Rejects with `wrong-key` when it opens nothing here. */
  async opens(used: UsedPasskey, person: Uint8Array): Promise<boolean> {
    const opened = await openPerson(this.db, used);
    used.prf.fill(0);
    const same = opened.person.every((byte, n) => byte === person[n]);
    opened.person.fill(0);
    return same;
  }

  /** Wraps a person's key under a new passkey. */
  async add(
    made: UsedPasskey & { readonly id: string },
    person: Uint8Array<ArrayBuffer>,
    turned: () => void,
  ): Promise<Home> {
    const cabinet = await addPerson(this.db, made, person);
    made.prf.fill(0);
    return DeviceHome.open(this.db, cabinet, turned);
  }

  forget(): Promise<void> {
    return forgetDevice(this.db);
  }
}
