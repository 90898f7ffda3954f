/** Policy as it stood at one position and one time. */
import { compareHex } from '../order.ts';
import type { Compartment, Hex } from '../types.ts';
import {
  type Facts,
  type KeyUse,
  type LinkLine,
  newestAt,
  type PatientLine,
  type Span,
  spanHolds,
  type Timeline,
} from './facts.ts';
import type {
  Agent,
  Brought,
  ClientGrant,
  Epoch,
  GuardianLink,
  Invitation,
  LiveShare,
  Member,
  Patient,
  Person,
  Position,
  View,
} from './types.ts';

/** E of the compartment, if this epoch has one. */
export function epochKey(epoch: Epoch, compartment: Compartment): Hex | null {
  return compartment === 'chart' || epoch.n > 0 ? epoch[compartment] : null;
}

export class PolicyView implements View {
  readonly at: Position;
  readonly time: number;
  readonly #facts: Facts;

  constructor(facts: Facts, at: Position, time: number) {
    this.#facts = facts;
    this.at = at;
    this.time = time;
  }

  practice(): Hex {
    const { practices } = this.#facts;
    return (practices.findLast(({ at }) => at <= this.at) ?? practices[0])?.key ?? '';
  }

  practices(): Hex[] {
    return this.#facts.practices.filter(({ at }) => at <= this.at).map(({ key }) => key);
  }

  nextPractice(): Hex | null {
    return this.#facts.next;
  }

  /** Counted epochs with n ≥ 1. */
  #ownEpochs(): readonly Epoch[] {
    const { epochs } = this.#facts;
    const end = epochs.findIndex(({ at }) => at > this.at);
    return end < 0 ? epochs : epochs.slice(0, end);
  }

  epoch(): Epoch | null {
    return this.#ownEpochs().at(-1) ?? null;
  }

  legacyEpoch(): Epoch | null {
    const { legacy } = this.#facts;
    return legacy !== null && legacy.at <= this.at ? legacy : null;
  }

  epochs(): Epoch[] {
    const legacy = this.legacyEpoch();
    return legacy === null ? [...this.#ownEpochs()] : [legacy, ...this.#ownEpochs()];
  }

  compartmentOf(key: Hex): Compartment | null {
    const use = this.#use(key);
    return use?.is === 'epoch' ? use.compartment : null;
  }

  current(key: Hex): Compartment | null {
    const compartment = this.compartmentOf(key);
    if (compartment === null) return null;
    const [newest, before] = this.#ownEpochs().slice(-2).reverse();
    if (newest === undefined) return null;
    const is = (epoch: Epoch) => epochKey(epoch, compartment) === key;
    const grace = this.time < newest.received + newest.grace;
    return is(newest) || (grace && before !== undefined && is(before)) ? compartment : null;
  }

  epochKeys(compartment: Compartment): Hex[] {
    return this.epochs().flatMap((epoch) => epochKey(epoch, compartment) ?? []);
  }

  person(key: Hex): Person {
    const use = this.#use(key);
    if (use === null || use.is === 'epoch' || use.is === 'escrow' || use.is === 'box')
      return { is: 'unknown' };
    return this.#livePerson(key, use) ?? { is: 'former' };
  }

  #livePerson(key: Hex, use: KeyUse): Person | null {
    switch (use.is) {
      case 'practice':
        return key === this.practice() ? { is: 'practice' } : null;
      case 'staff': {
        const member = this.#memberAt(key);
        return member && { is: 'member', member };
      }
      case 'agent': {
        const agent = this.#agentAt(key);
        return agent && { is: 'agent', agent };
      }
      case 'guardian': {
        const links = this.linksOf(key);
        return links.length > 0 ? { is: 'guardian', links } : null;
      }
      case 'subject': {
        const patient = this.#patientOf(use.root);
        return patient?.subject === key ? { is: 'patient', patient } : null;
      }
      case 'own': {
        const patient = this.#patientOf(use.root);
        return patient?.own === key ? { is: 'own', patient } : null;
      }
    }
    return null;
  }

  member(key: Hex): Member | null {
    const person = this.person(key);
    return person.is === 'member' ? person.member : null;
  }

  linksOf(guardian: Hex): GuardianLink[] {
    const lines = this.#facts.links.get(guardian) ?? [];
    return lines.flatMap((line) => this.#linkAt(guardian, line) ?? []);
  }

  guardiansOf(subject: Hex): GuardianLink[] {
    return this.#linkLines(subject).flatMap(({ guardian, line }) => this.#linkAt(guardian, line) ?? []);
  }

  guardiansEver(subject: Hex): Hex[] {
    const begun = this.#linkLines(subject).filter(({ line }) => newestAt(line.versions, this.at) !== null);
    return begun.map(({ guardian }) => guardian);
  }

  /** Every link that ever was to the line of this T. */
  #linkLines(subject: Hex): readonly { readonly guardian: Hex; readonly line: LinkLine }[] {
    const root = this.rootOf(subject);
    const guardians = root === null ? [] : (this.#facts.lines.get(root)?.guardians ?? []);
    return guardians.flatMap((guardian) => {
      const line = this.#facts.links.get(guardian)?.find((line) => line.root === root);
      return line === undefined ? [] : [{ guardian, line }];
    });
  }

  patient(subject: Hex): Patient | null {
    const root = this.rootOf(subject);
    return root === null ? null : this.#patientOf(root);
  }

  brought(key: Hex): Brought | null {
    const use = this.#use(key);
    const line = use?.is === 'own' || use?.is === 'subject' ? this.#facts.lines.get(use.root) : undefined;
    let first: Brought | null = null;
    for (const { began, terms } of line?.versions ?? []) {
      if (began.at > this.at) break;
      if (terms.subject !== key && terms.own !== key) first = null;
      else first ??= { entry: began.entry, byChart: terms.byChart };
    }
    return first;
  }

  patientOfOwn(own: Hex): Patient | null {
    const use = this.#use(own);
    const patient = use?.is === 'own' || use?.is === 'subject' ? this.#patientOf(use.root) : null;
    return patient?.own === own ? patient : null;
  }

  patients(): Patient[] {
    return [...this.#facts.lines.values()].flatMap((line) => this.#patientAt(line) ?? []);
  }

  members(): Member[] {
    return [...this.#facts.members.keys()].sort(compareHex).flatMap((key) => this.#memberAt(key) ?? []);
  }

  agents(): Agent[] {
    return [...this.#facts.agents.keys()].sort(compareHex).flatMap((key) => this.#agentAt(key) ?? []);
  }

  suspended(key: Hex): boolean {
    return this.#holds(this.#facts.keySpans.get(key));
  }

  clientSuspended(client: string): boolean {
    return this.#holds(this.#facts.clientSpans.get(client));
  }

  barred(member: Hex): Hex[] {
    const roots = [...this.#barredRoots(member)].sort(compareHex);
    return roots.flatMap((root) => {
      const line = this.#facts.lines.get(root);
      return line === undefined ? [] : this.#subjects(line);
    });
  }

  /** Whether a live scoped 2108 bars the member from this line. */
  bars(member: Hex, root: Hex): boolean {
    return this.#barredRoots(member).has(root);
  }

  clientGrants(): ClientGrant[] {
    const clients = [...this.#facts.clients].filter(([client]) => !this.clientSuspended(client));
    return clients.flatMap(([client, lines]) =>
      lines.flatMap(({ root, versions }): ClientGrant[] => {
        const live = this.#live(versions);
        const subject = root === null ? null : (this.patient(root)?.subject ?? null);
        const named = root === null || subject !== null;
        if (live === null || this.time >= live.terms.until || !named) return [];
        return [{ client, subject, ...live.terms, entry: live.began.entry }];
      }),
    );
  }

  certifiedBox(key: Hex): boolean {
    return this.epoch()?.receipts === key;
  }

  destroyed(id: Hex): boolean {
    const at = this.#facts.destroyed.get(id);
    return at !== undefined && at <= this.at;
  }

  sharesFor(recipient: Hex): LiveShare[] {
    const facts = (this.#facts.shares.get(recipient) ?? []).filter((fact) => this.#standing(fact));
    return facts.map(({ share }) => share).filter(({ until }) => this.time < until);
  }

  invitation(tokenHash: Hex): Invitation | null {
    const fact = this.#facts.invitations.get(tokenHash);
    if (fact === undefined || !this.#standing(fact) || this.time >= fact.until) return null;
    const { entry, author, until } = fact;
    return { entry, author, until };
  }

  #standing({ at, ended }: { readonly at: Position; readonly ended: Position | null }): boolean {
    return at <= this.at && (ended === null || ended > this.at);
  }

  everFamily(key: Hex): boolean {
    return this.everSubject(key) || this.#use(key)?.is === 'guardian';
  }

  everSubject(key: Hex): boolean {
    const use = this.#use(key)?.is;
    return use === 'subject' || use === 'own';
  }

  everPractice(key: Hex): boolean {
    return this.#use(key)?.is === 'practice';
  }

  publicSuspensions(): Hex[] {
    return this.#facts.publicSuspensions.filter(({ at }) => at <= this.at).map(({ id }) => id);
  }

  /** First T of the line to which this T belongs. */
  rootOf(subject: Hex): Hex | null {
    const use = this.#use(subject);
    return use?.is === 'subject' ? use.root : null;
  }

  #use(key: Hex): KeyUse | null {
    const registered = this.#facts.keys.get(key);
    return registered !== undefined && registered.at <= this.at ? registered.use : null;
  }

  #holds(spans: readonly Span[] | undefined): boolean {
    return spans?.some((span) => spanHolds(span, this.at)) ?? false;
  }

  /** The newest version unless it is an ending. */
  #live<T>(versions: Timeline<T> | undefined): Timeline<T>[number] | null {
    const newest = newestAt(versions ?? [], this.at);
    return newest === null || newest.began.end ? null : newest;
  }

  #memberAt(key: Hex): Member | null {
    const live = this.#live(this.#facts.members.get(key));
    if (live === null) return null;
    const { role, words, name, from, until } = live.terms;
    const begun = from <= this.time && (until === null || this.time < until);
    return begun && role !== null ? { key, role, words, name, entry: live.began.entry } : null;
  }

  #agentAt(key: Hex): Agent | null {
    const live = this.#live(this.#facts.agents.get(key));
    if (live === null || (live.terms.until !== null && this.time >= live.terms.until)) return null;
    return { key, ...live.terms, entry: live.began.entry };
  }

  #linkAt(guardian: Hex, line: LinkLine): GuardianLink | null {
    const live = this.#live(line.versions);
    const patient = this.patient(line.root);
    if (live === null || patient === null || this.#holds(line.suspended)) return null;
    const { compartments, until } = live.terms;
    if (until !== null && this.time >= until) return null;
    return { child: patient.subject, guardian, compartments, until, entry: live.began.entry };
  }

  #patientOf(root: Hex): Patient | null {
    const line = this.#facts.lines.get(root);
    return line === undefined ? null : this.#patientAt(line);
  }

  /** Every T of the line so far, oldest first. */
  #subjects(line: PatientLine): Hex[] {
    const begun = line.versions.filter(({ began }) => began.at <= this.at);
    return [...new Set(begun.map(({ terms }) => terms.subject))];
  }

  #patientAt(line: PatientLine): Patient | null {
    const newest = newestAt(line.versions, this.at);
    if (newest === null) return null;
    const { subject, own } = newest.terms;
    const former = line.versions.length === 1 ? [] : this.#subjects(line).filter((key) => key !== subject);
    return { subject, former, own, entry: newest.began.entry };
  }

  #barredRoots(member: Hex): ReadonlySet<Hex> {
    const keys = new Set([member]);
    // A set takes what is added while it is gone through.
    for (const key of keys) {
      for (const { began, terms } of this.#facts.members.get(key) ?? []) {
        if (began.at <= this.at && terms.replaces !== null) keys.add(terms.replaces);
      }
    }
    const bars = [...keys].flatMap((key) => this.#facts.bars.get(key) ?? []);
    return new Set(bars.filter(({ span }) => spanHolds(span, this.at)).map(({ root }) => root));
  }
}
