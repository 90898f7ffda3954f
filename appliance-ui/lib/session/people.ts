/** Who signs, as the practice's roster says, and who may read a record. */
import { compartments as allCompartments, holdsCompartment } from '../protocol/permissions.ts';
import type { View } from '../protocol/policy/types.ts';
import type { Compartment, Event, Hex } from '../protocol/types.ts';
import type { MayRead, Signer } from './api.ts';

/** Names and roles at one moment of policy, and whether the signer still is a member. */
export function signerAt(then: View, now: View, key: Hex, me: Hex): Signer {
  const person = then.person(key);
  const mine = key === me;
  switch (person.is) {
    case 'member': {
      const { name, role } = person.member;
      return { key, name, role, member: now.member(key) !== null && !now.suspended(key), me: mine };
    }
    case 'agent':
      return { key, name: person.agent.service, role: 'agent', member: true, me: mine };
    case 'patient':
      return { key, name: null, role: 'patient', member: true, me: mine };
    case 'own':
      return { key, name: null, role: 'own', member: true, me: mine };
    case 'guardian': {
      const live = now.person(key).is === 'guardian' && !now.suspended(key);
      return { key, name: null, role: 'guardian', member: live, me: mine };
    }
    default:
      return { key, name: null, role: 'unknown', member: false, me: mine };
  }
}

/**
 * Everybody who may read a patient's record in these compartments, as far as this reader's policy says: members by
 * what they hold, less those who are barred, agents, guardians of live links, and the patient's own keys.
 */
export function mayRead(
  now: View,
  subject: Hex,
  readable: readonly Compartment[],
  me: Hex,
  entry: (id: Hex) => Event | undefined,
): MayRead[] {
  const patient = now.patient(subject);
  if (!patient) return [];
  const since = (id: Hex) => entry(id)?.created_at ?? null;
  const only = (held: readonly Compartment[]) => readable.filter((compartment) => held.includes(compartment));
  const row = (
    key: Hex,
    held: readonly Compartment[],
    from: number | null,
    until: number | null,
  ): MayRead[] => {
    const compartments = only(held);
    return compartments.length === 0
      ? []
      : [{ who: signerAt(now, now, key, me), compartments, since: from, until }];
  };
  const members = now
    .members()
    .filter(({ key }) => !now.suspended(key) && !now.barred(key).includes(patient.subject))
    .flatMap((member) =>
      row(
        member.key,
        allCompartments.filter((c) => holdsCompartment(member, c)),
        since(member.entry),
        null,
      ),
    );
  const clients = now.clientGrants();
  const named = clients.some((grant) => grant.subject === null || grant.subject === patient.subject);
  const agents = now
    .agents()
    .filter(
      ({ key, patients }) => !now.suspended(key) && (patients === 'all' || (patients === 'clients' && named)),
    )
    .flatMap((agent) => row(agent.key, agent.compartments, since(agent.entry), agent.until));
  const guardians = now
    .guardiansOf(patient.subject)
    .filter(({ guardian }) => !now.suspended(guardian))
    .flatMap((link) => row(link.guardian, link.compartments, since(link.entry), link.until));
  const family: Compartment[] = ['desk', 'chart'];
  const own = patient.own ?? null;
  const subjectHolds = own === patient.subject ? allCompartments : family;
  return [
    ...members,
    ...agents,
    ...guardians,
    ...row(patient.subject, subjectHolds, null, null),
    ...(own !== null && own !== patient.subject ? row(own, allCompartments, null, null) : []),
  ];
}
