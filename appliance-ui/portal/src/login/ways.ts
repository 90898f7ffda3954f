/** The ways of sign-in, fetched when somebody signs in. Also the people of a demo, which only a development box has. */

import type { Ways } from '@relaybox/lib/login/api';
import { parseAddress } from '@relaybox/lib/relay/address';
import type { PracticeAddress } from '@relaybox/lib/session/api';

export const ways = async (): Promise<Ways> => (await import('@relaybox/lib/login/ways')).ways;

async function json(path: string): Promise<unknown> {
  try {
    const answer = await fetch(path, { headers: { accept: 'application/json' } });
    const kind = answer.headers.get('content-type') ?? '';
    return answer.ok && kind.includes('json') ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** What the box that serves this page says of its practice. */
export type OwnPractice =
  | { readonly is: 'practice'; readonly address: PracticeAddress }
  /** The box answers, and belongs to no practice yet. */
  | { readonly is: 'unclaimed' }
  /** The box does not answer, or not with an address that may be opened. */
  | { readonly is: 'away' };

export async function ownPractice(): Promise<OwnPractice> {
  try {
    const answer = await fetch('/practice.json', { headers: { accept: 'application/json' } });
    if (answer.status === 404) return { is: 'unclaimed' };
    const parsed = answer.ok ? parseAddress(await answer.text()) : null;
    return parsed?.ok ? { is: 'practice', address: parsed.sheet.address } : { is: 'away' };
  } catch {
    return { is: 'away' };
  }
}

export interface DemoPerson {
  readonly name: string;
  readonly role: 'guardian' | 'patient';
  readonly key: string;
  readonly children: number;
  readonly secret: string;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Families of the demo that hold a key; empty on every box that is not for development. */
export async function demoPeople(): Promise<readonly DemoPerson[]> {
  const found = await json('/dev.json');
  const persons = isRecord(found) && Array.isArray(found.persons) ? found.persons : [];
  return persons.flatMap((person: unknown): DemoPerson[] => {
    if (!isRecord(person)) return [];
    const { name, role, pubkey, secret, children } = person;
    const family = role === 'guardian' || role === 'patient';
    const whole = typeof name === 'string' && typeof pubkey === 'string' && typeof secret === 'string';
    if (!family || !whole) return [];
    return [{ name, role, key: pubkey, secret, children: Array.isArray(children) ? children.length : 0 }];
  });
}
