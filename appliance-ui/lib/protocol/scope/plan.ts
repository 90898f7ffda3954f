/**
 * The branches of each kind of person (the table of docs/ref/protocol.md 3).
 *
 * E stands in the first `p` only, so a test for `p` = E is a test of the first `p`. Branches of staff, agents and
 * families name the kinds they mean wherever a key could also be the receiver of a wrap or the party of a call: those
 * are for that key alone.
 */
import { authorIndexKey, type IndexKey, tagIndexKey } from '../event.ts';
import { isClinical, kinds } from '../kinds.ts';
import { compartments, holdsCompartment } from '../permissions.ts';
import type { Agent, GuardianLink, LiveShare, Member, Patient, View } from '../policy/types.ts';
import type { Compartment, Hex } from '../types.ts';

/**
 * A conjunction: one of `keys` (any event when empty), one of `kinds` (any when null), one of `ids` (any when null),
 * at least one key of each set in `also`, no key of `except`.
 */
export interface Branch {
  readonly keys: ReadonlySet<IndexKey>;
  readonly kinds: ReadonlySet<number> | null;
  readonly ids: ReadonlySet<Hex> | null;
  readonly also: readonly ReadonlySet<IndexKey>[];
  readonly except: ReadonlySet<IndexKey>;
}

const NONE: ReadonlySet<IndexKey> = new Set();
const ANY: Branch = { keys: NONE, kinds: null, ids: null, also: [], except: NONE };

/** What is addressed to one key and to nobody else. */
const PERSONAL: ReadonlySet<number> = new Set([
  2100,
  2101,
  2106,
  4050,
  4051,
  4052,
  4053,
  4054,
  4055,
  kinds.giftWrap,
  kinds.ephemeralWrap,
]);
/** Policy that every member reads; 2108 comes with its own branch. */
const POLICY_FOR_ALL: ReadonlySet<number> = new Set([2102, 2103, 2105, 2107]);
/** Policy for staff that names no patient in clear, or binds staff themselves. */
const POLICY_FOR_STAFF: ReadonlySet<number> = new Set([2102, 2103, 2105, 2107, 2108, 2127, 2128]);
/** Policy for staff about one patient. */
const POLICY_ABOUT_PATIENTS: ReadonlySet<number> = new Set([2100, 2104, 2109, 2110]);
/** Policy that a family reads where it names the own key or the own child. */
const POLICY_FOR_FAMILY: ReadonlySet<number> = new Set([2100, 2104, 2108, 2109, 2110]);

/** Kinds of a record, its receipt and its access report; the former numbering of imports included. */
const RECORD_KINDS: ReadonlySet<number> = new Set([
  ...range(kinds.patient, kinds.visit).filter(isClinical),
  kinds.receipt,
  kinds.accessReport,
  ...range(1000, 1015),
]);
/** What a share may list: records with their receipts, and the link that names a guardian. */
const LENDABLE_KINDS: ReadonlySet<number> = new Set([...RECORD_KINDS, kinds.guardianLink]);

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

export function scopeOf(view: View, key: Hex): readonly Branch[] {
  const person = view.person(key);
  // A 2108 ends a patient's writing, never the reading of own records.
  if (person.is !== 'patient' && person.is !== 'own' && view.suspended(key)) return [];
  const own = ((): readonly Branch[] | null => {
    switch (person.is) {
      case 'member':
        return staff(view, person.member);
      case 'agent':
        return service(view, person.agent);
      case 'guardian':
        return guardian(view, key, person.links);
      case 'patient':
        return subject(view, person.patient);
      case 'own':
        return ownKey(view, key, person.patient);
      case 'practice':
        return null;
      case 'former':
        // A rekeyed T and a replaced C authenticate nowhere.
        return view.everSubject(key) ? null : [];
      case 'unknown':
        return [];
    }
  })();
  if (own === null) return [];
  const lent = view
    .sharesFor(key)
    .map((share) => shared(view, share))
    .filter((share) => share !== null);
  const outsider = person.is === 'former' || person.is === 'unknown';
  const policy = lent.length > 0 && outsider ? [publicPolicy(), ...publicChain(view)] : [];
  return [...own, ...lent.flat(), ...policy];
}

function staff(view: View, member: Member): readonly Branch[] {
  const except = barredKeys(view, member.key);
  const held = compartments.filter((of) => holdsCompartment(member, of)).flatMap((of) => epochKeys(view, of));
  return [
    ...(held.length > 0 ? [{ ...ANY, keys: new Set(held), except }] : []),
    { ...ANY, kinds: POLICY_FOR_STAFF },
    { ...ANY, kinds: POLICY_ABOUT_PATIENTS, except },
    {
      ...ANY,
      keys: new Set([chainKey('policy'), chainKey('policy-staff')]),
      kinds: new Set([kinds.receipt]),
    },
    ...published(view),
    ...ofOneself(member.key),
  ];
}

function service(view: View, agent: Agent): readonly Branch[] {
  const first = new Set(agent.compartments.flatMap((of) => epochKeys(view, of)));
  const records = new Set([...agent.kinds, kinds.receipt]);
  // Grants of clients and links carry no E; their kinds count where the grant names them.
  const policy = new Set(agent.kinds.filter((kind) => kind === 2104 || kind === 2109));
  return [
    ...serviceRecords(view, agent, first, records, policy),
    ...membersPolicy(view),
    ...ofOneself(agent.key),
  ];
}

function serviceRecords(
  view: View,
  { patients }: Agent,
  first: ReadonlySet<IndexKey>,
  records: ReadonlySet<number>,
  policy: ReadonlySet<number>,
): readonly Branch[] {
  if (patients === 'none') return [];
  const clients = clientKeys(view);
  if (patients === 'clients' && clients.size === 0) return [];
  const of = patients === 'all' ? { keys: first, also: [] } : { keys: clients, also: [first] };
  return [
    ...(first.size > 0 ? [{ ...ANY, ...of, kinds: records }] : []),
    ...(policy.size > 0 ? [{ ...ANY, keys: patients === 'all' ? NONE : clients, kinds: policy }] : []),
  ];
}

/** Every T of the lines that live 2109s name, as party and as author. */
function clientKeys(view: View): ReadonlySet<IndexKey> {
  const subjects = view.clientGrants().flatMap(({ subject }) => {
    const patient = subject === null ? null : view.patient(subject);
    return patient === null ? [] : everySubject(patient);
  });
  return new Set(subjects.flatMap(asPartyAndAuthor));
}

function subject(view: View, patient: Patient): readonly Branch[] {
  // A rekey joins the scopes: what the former keys received and wrote as records, but neither their wraps nor their
  // own lists.
  const former = patient.former.flatMap(asPartyAndAuthor);
  return [...membersPolicy(view), everythingOf(patient.subject), ...familyRecords(former, null)];
}

function ownKey(view: View, key: Hex, patient: Patient): readonly Branch[] {
  return [
    ...membersPolicy(view),
    everythingOf(key),
    ...familyRecords(everySubject(patient).map(asParty), null),
  ];
}

function guardian(view: View, key: Hex, links: readonly GuardianLink[]): readonly Branch[] {
  const children = links.flatMap((link) => {
    const patient = view.patient(link.child);
    const open = link.compartments.filter((of) => of !== 'confidential');
    const first = new Set(open.flatMap((of) => epochKeys(view, of)));
    return patient === null ? [] : familyRecords(everySubject(patient).map(asParty), first);
  });
  return [...membersPolicy(view), everythingOf(key), ...children];
}

/** Records by these keys, of these epoch keys if they are said, and the policy that names them. */
function familyRecords(found: readonly IndexKey[], first: ReadonlySet<IndexKey> | null): readonly Branch[] {
  if (found.length === 0) return [];
  const keys = new Set(found);
  const named = new Set(found.filter((key) => key.startsWith('p')));
  const records = { ...ANY, keys, kinds: RECORD_KINDS, also: first === null ? [] : [first] };
  return [
    ...(first === null || first.size > 0 ? [records] : []),
    { ...ANY, keys: named, kinds: POLICY_FOR_FAMILY },
  ];
}

/**
 * What a live share lists, as far as its author may read it at this moment, and the share itself. Null when the author
 * may read nothing any more.
 */
function shared(view: View, share: LiveShare): readonly Branch[] | null {
  // The author's own shares are left out, so that a share never lends on what was lent.
  const readable = ((): readonly Branch[] | null => {
    const person = view.person(share.author);
    switch (person.is) {
      case 'patient':
        return subject(view, person.patient);
      case 'own':
        return ownKey(view, share.author, person.patient);
      case 'guardian':
        return view.suspended(share.author) ? null : guardian(view, share.author, person.links);
    }
    return null;
  })();
  if (readable === null) return null;
  const ids = new Set(share.ids);
  const lent = readable.map((branch) => {
    const open = [...(branch.kinds ?? LENDABLE_KINDS)].filter((kind) => LENDABLE_KINDS.has(kind));
    return { ...branch, kinds: new Set(open), ids };
  });
  const itself = { ...ANY, keys: new Set([asParty(share.recipient)]), kinds: new Set([kinds.disclosure]) };
  return [...lent, { ...itself, ids: new Set([share.entry]) }];
}

/** Everything that names the key, and everything it signed. */
function everythingOf(key: Hex): Branch {
  return { ...ANY, keys: new Set(asPartyAndAuthor(key)) };
}

/** Own events of staff and agents, and what is addressed to them alone. */
function ofOneself(key: Hex): readonly Branch[] {
  return [
    { ...ANY, keys: new Set([authorIndexKey(key)]) },
    { ...ANY, keys: new Set([asParty(key)]), kinds: PERSONAL },
  ];
}

function membersPolicy(view: View): readonly Branch[] {
  return [publicPolicy(), ...publicChain(view), ...published(view)];
}

function publicPolicy(): Branch {
  return { ...ANY, kinds: POLICY_FOR_ALL };
}

/** Receipts of the chain of all members, and the unscoped 2108 of staff and agents with their lifts. */
function publicChain(view: View): readonly Branch[] {
  const ids = new Set(view.publicSuspensions());
  return [
    { ...ANY, keys: new Set([chainKey('policy')]), kinds: new Set([kinds.receipt]) },
    ...(ids.size > 0 ? [{ ...ANY, kinds: new Set([kinds.suspension]), ids }] : []),
  ];
}

/** Kinds 0 and 10050 of P and agents; of P the other lists as well, since P itself reads nothing. */
function published(view: View): readonly Branch[] {
  const by = (authors: readonly Hex[], of: readonly number[]): Branch => ({
    ...ANY,
    keys: new Set(authors.map(authorIndexKey)),
    kinds: new Set(of),
  });
  const practices = view.practices();
  const agents = view.agents().map(({ key }) => key);
  return [
    by([...practices, ...agents], [kinds.metadata, kinds.inboxList]),
    by(practices, [kinds.relayList, kinds.blossomList]),
  ];
}

/**
 * Keys under which the records of the patients stand from whom a 2108 bars the member: each T, C, and the guardians
 * whose messages about the child form chains of their own.
 */
function barredKeys(view: View, member: Hex): ReadonlySet<IndexKey> {
  const named = view.barred(member).flatMap((subject) => {
    const own = view.patient(subject)?.own ?? null;
    return [subject, ...(own === null ? [] : [own]), ...view.guardiansEver(subject)];
  });
  return new Set(named.flatMap(asPartyAndAuthor));
}

function everySubject(patient: Patient): readonly Hex[] {
  return [...patient.former, patient.subject];
}

function epochKeys(view: View, compartment: Compartment): readonly IndexKey[] {
  return view.epochKeys(compartment).map(asParty);
}

function asParty(key: Hex): IndexKey {
  return tagIndexKey('p', key);
}

function asPartyAndAuthor(key: Hex): readonly IndexKey[] {
  return [asParty(key), authorIndexKey(key)];
}

function chainKey(word: string): IndexKey {
  return tagIndexKey('c', word);
}
