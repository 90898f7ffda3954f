/** The practice's members as the faces list them, and where each role begins its day. */
import type { Keyring } from '../protocol/epochs.ts';
import { tagValue } from '../protocol/event.ts';
import { parseStrict } from '../protocol/json.ts';
import type { Role, Word } from '../protocol/permissions.ts';
import type { Member, View } from '../protocol/policy/types.ts';
import type { Event, Hex } from '../protocol/types.ts';

/** One member. */
export interface Colleague {
  readonly key: Hex;
  /** Null: it is under a secret that is not here. */
  readonly name: string | null;
  readonly role: Role;
  readonly words: readonly Word[];
  readonly suspended: boolean;
  readonly me: boolean;
}

/**
 * `own-day`: one's own visits, and what waits for a signature. `arrivals`: who is here, and what is to be measured and
 * given. `schedule`: everybody's visits, and who is on the telephone.
 */
export type Home = 'own-day' | 'arrivals' | 'schedule';

const HOMES: { readonly [role in Role]: Home } = {
  doctor: 'own-day',
  nurse: 'arrivals',
  ma: 'arrivals',
  frontdesk: 'schedule',
};

export const homeOf = (role: Role): Home => HOMES[role];

/** Where entries and the secrets for their names are. */
export interface Entries {
  event(id: Hex): Event | undefined;
  readonly keyring: Keyring;
}

/** Every member, by role and then by name. */
export function colleagues(view: View, me: Hex, entries: Entries): Colleague[] {
  const order = Object.keys(HOMES);
  return view
    .members()
    .map((member) => ({
      key: member.key,
      name: member.name ?? nameUnderDesk(view, member, entries),
      role: member.role,
      words: member.words,
      suspended: view.suspended(member.key),
      me: member.key === me,
    }))
    .sort(
      (one, other) =>
        order.indexOf(one.role) - order.indexOf(other.role) ||
        (one.name ?? '').localeCompare(other.name ?? '') ||
        one.key.localeCompare(other.key),
    );
}

/** Names of those who sign no records stand under X1 of `desk` (2.7, 2102). */
function nameUnderDesk(view: View, member: Member, entries: Entries): string | null {
  const entry = entries.event(member.entry);
  if (entry === undefined || entry.content === '') return null;
  const n = Number(tagValue(entry, 'epoch'));
  const epoch = view.epochs().find((epoch) => epoch.n === n);
  const pair = epoch && entries.keyring.pairOf(epoch.desk);
  const text = pair?.practiceKey().decryptText(entry.content) ?? null;
  const name = text === null ? null : parseStrict(text, 1)?.name;
  return typeof name === 'string' ? name : null;
}
