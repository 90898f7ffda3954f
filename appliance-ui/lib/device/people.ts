/** Persons who have a passkey on this device, and what is wrapped for them. */
import { SessionError } from '../session/api.ts';
import { DATABASE, DeviceDb, type PersonRow, stored } from './db.ts';
import { Cabinet, randomBytes, type Secrets, unwrap, wrap } from './seal.ts';

/** How many there are; 0 too when the browser refuses storage or has removed it. */
export async function peopleHere(db: DeviceDb): Promise<readonly PersonRow[]> {
  try {
    return await stored(() => db.people.toArray());
  } catch {
    return [];
  }
}

/** A random name of a person on this device, the user handle of the passkey. */
export function newPersonId(): string {
  return [...randomBytes(16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Wraps a person's key under a passkey and reads it back before it counts. Gives the cabinet in which everything
 * else of this person is kept.
 */
export async function addPerson(
  db: DeviceDb,
  made: {
    readonly id: string;
    readonly credential: Uint8Array<ArrayBuffer>;
    readonly prf: Uint8Array<ArrayBuffer>;
  },
  person: Uint8Array<ArrayBuffer>,
): Promise<Cabinet> {
  const secrets: Secrets = { person, cache: randomBytes(32) };
  const wrapped = await wrap(made.prf, made.credential, secrets);
  const row: PersonRow = { id: made.id, credential: made.credential, wrapped };
  await stored(() => db.people.put(row));
  const back = await stored(() => db.people.get(made.id));
  const opened = back && (await unwrap(made.prf, back.credential, back.wrapped));
  if (!opened || !equal(opened.person, person)) {
    await stored(() => db.people.delete(made.id));
    throw new SessionError('storage', 'what was wrapped did not open again');
  }
  const cabinet = await Cabinet.open(secrets.cache);
  for (const bytes of [opened.person, opened.cache, secrets.cache]) bytes.fill(0);
  return cabinet;
}

/** Opens what a passkey wraps. Rejects with `wrong-key` when it opens nothing here. */
export async function openPerson(
  db: DeviceDb,
  used: { readonly credential: Uint8Array; readonly prf: Uint8Array<ArrayBuffer> },
): Promise<{ readonly id: string; readonly person: Uint8Array<ArrayBuffer>; readonly cabinet: Cabinet }> {
  const rows = await stored(() => db.people.toArray());
  const row = rows.find(({ credential }) => equal(credential, used.credential));
  const secrets = row && (await unwrap(used.prf, row.credential, row.wrapped));
  if (!row || !secrets) throw new SessionError('wrong-key', 'this passkey opens nothing here');
  const cabinet = await Cabinet.open(secrets.cache);
  secrets.cache.fill(0);
  return { id: row.id, person: secrets.person, cabinet };
}

/** Removes the whole database of this device. */
export async function forgetDevice(db: DeviceDb): Promise<void> {
  db.close();
  await stored(() => DeviceDb.delete(DATABASE));
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, n) => byte === other[n]);
}
