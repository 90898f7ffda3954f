/**
 * The database of this device (IndexedDB): persons with a passkey here, and sealed rows. What stands in clear is what
 * a browser needs before anybody has unlocked: credential ids, and the salt of a wrapping.
 *
 * A browser may refuse storage, fill up, or remove all of it at any time; then a call fails, or does not come back.
 * Every call here ends, with a `SessionError` of code `storage` if need be.
 */
import Dexie, { type EntityTable } from 'dexie';
import { SessionError } from '../session/api.ts';
import type { Sealed, Wrapped } from './seal.ts';

/** A person who has a passkey on this device. */
export interface PersonRow {
  /** Random; also the user handle of the passkey. */
  readonly id: string;
  readonly credential: Uint8Array<ArrayBuffer>;
  readonly wrapped: Wrapped;
}

/** Sealed events of one part of one practice. */
export interface EventsRow {
  readonly n?: number;
  /** Names under which it is found; HMACs. */
  readonly practice: string;
  readonly part: string;
  readonly sealed: Sealed;
}

/** One sealed value. */
export interface ValueRow {
  readonly name: string;
  readonly sealed: Sealed;
}

export const DATABASE = 'relaybox';
const TRY_MS = 10_000;

export class DeviceDb extends Dexie {
  readonly people!: EntityTable<PersonRow, 'id'>;
  readonly events!: EntityTable<EventsRow & { n: number }, 'n'>;
  readonly values!: EntityTable<ValueRow, 'name'>;

  constructor() {
    super(DATABASE);
    this.version(1).stores({ people: 'id', events: '++n, practice, [practice+part]', values: 'name' });
    // Another tab forgets this device: what is open here must not hold it up.
    this.on('versionchange', () => {
      this.close();
      return false;
    });
  }
}

/** Runs one piece of storage work. A call that never returns, as browsers in trouble do, counts as refused. */
export async function stored<T>(work: () => PromiseLike<T>, tryMs = TRY_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SessionError('storage', 'the storage does not answer')), tryMs);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (error) {
    if (error instanceof SessionError) throw error;
    throw new SessionError('storage', error instanceof Error ? error.name : 'the storage refused');
  } finally {
    clearTimeout(timer);
  }
}
