/** Writes a counted event into the facts. */

import type { Compartment, Hex } from '../types.ts';
import type { Act, Change } from './change.ts';
import { SUSPENSIONS_MAX } from './decide.ts';
import type {
  Began,
  ClientTerms,
  DisclosurePlace,
  Facts,
  KeyUse,
  LinkLine,
  LinkTerms,
  Registration,
  Roster,
  Span,
  Timeline,
} from './facts.ts';
import type { EpochTerms } from './shapes.ts';
import type { Epoch } from './types.ts';

export function commit(facts: Facts, { began, sequence, act }: Change): void {
  if (sequence?.public === true) facts.seqPublic = sequence.seq;
  if (sequence?.public === false) facts.seqStaff = sequence.seq;
  facts.counted.add(began.entry);
  facts.newest = began.at;
  facts.floor = began.received;
  new Writer(facts, began).write(act);
}

function push<T>(versions: Timeline<T> | undefined, began: Began, terms: T): Timeline<T> {
  return [...(versions ?? []), { began, terms }];
}

function add<K, V>(map: Map<K, readonly V[]>, key: K, value: V): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

/** The list with the one of this root changed, or with a new one. */
function withLine<L extends { readonly root: Hex | null }>(
  lines: readonly L[] | undefined,
  fresh: L,
  change: (line: L) => L,
): readonly L[] {
  const known = lines?.some((line) => line.root === fresh.root) ?? false;
  const all = known ? (lines ?? []) : [...(lines ?? []), fresh];
  return all.map((line) => (line.root === fresh.root ? change(line) : line));
}

class Writer {
  readonly #facts: Facts;
  readonly #began: Began;

  constructor(facts: Facts, began: Began) {
    this.#facts = facts;
    this.#began = began;
  }

  write(act: Act): void {
    const { at, entry } = this.#began;
    switch (act.is) {
      case 'roster':
        this.#setMember(act.member, act.terms);
        break;
      case 'agent':
        this.#register(act.agent, { is: 'agent' });
        this.#facts.agents.set(act.agent, push(this.#facts.agents.get(act.agent), this.#began, act.terms));
        break;
      case 'link':
        this.#setLink(act.root, act.guardian, act.terms);
        break;
      case 'epoch':
        this.#setEpoch(act.terms);
        break;
      case 'legacy-epoch':
        this.#setLegacy(act.key, act.signers);
        break;
      case 'share': {
        const { is: _, ...share } = act;
        this.#facts.disclosures.set(entry, {
          author: act.author,
          place: { is: 'share', recipient: act.recipient },
        });
        add(this.#facts.shares, act.recipient, { share: { entry, ...share }, at, ended: null });
        break;
      }
      case 'invitation': {
        const { author, hash, until } = act;
        this.#facts.disclosures.set(entry, { author, place: { is: 'invitation', hash } });
        this.#facts.invitations.set(hash, { entry, author, until, at, ended: null });
        break;
      }
      case 'disclosure-end':
        this.#endDisclosure(act.entry, act.place);
        break;
      case 'succession':
        this.#register(act.practice, { is: 'practice' });
        this.#facts.practices.push({ at, key: act.practice });
        this.#facts.next = act.next;
        break;
      case 'suspend':
        this.#suspend(act);
        break;
      case 'lift':
        this.#lift(act.entry);
        break;
      case 'client':
        this.#setClient(act.client, act.root, act.terms);
        break;
      case 'patient':
        this.#setPatient(act.root, act.registration);
        break;
      case 'destruction':
        for (const id of act.ids) {
          if (!this.#facts.destroyed.has(id)) this.#facts.destroyed.set(id, at);
        }
    }
  }

  #register(key: Hex, use: KeyUse): void {
    if (!this.#facts.keys.has(key)) this.#facts.keys.set(key, { use, at: this.#began.at });
  }

  #setMember(member: Hex, terms: Roster): void {
    this.#register(member, { is: 'staff' });
    const { members } = this.#facts;
    const replaced = terms.replaces === null ? undefined : members.get(terms.replaces);
    const last = replaced?.at(-1);
    if (terms.replaces !== null && last !== undefined) {
      members.set(terms.replaces, push(replaced, { ...this.#began, end: true }, last.terms));
    }
    members.set(member, push(members.get(member), this.#began, terms));
  }

  #setLink(root: Hex, guardian: Hex, terms: LinkTerms): void {
    this.#register(guardian, { is: 'guardian' });
    const { lines, links, linkEntries } = this.#facts;
    linkEntries.set(this.#began.entry, { root, guardian });
    const line = lines.get(root) ?? { versions: [], guardians: [] };
    if (!line.guardians.includes(guardian)) {
      lines.set(root, { ...line, guardians: [...line.guardians, guardian] });
    }
    const fresh = { root, versions: [], suspended: [] };
    const changed = withLine(links.get(guardian), fresh, (known) => ({
      ...known,
      versions: push(known.versions, this.#began, terms),
    }));
    links.set(guardian, changed);
  }

  #setEpoch({ n, keys, escrow, receipts, audit, grace, next }: EpochTerms): void {
    for (const compartment of ['desk', 'chart', 'confidential'] satisfies Compartment[]) {
      this.#register(keys[compartment], { is: 'epoch', compartment });
    }
    this.#register(escrow, { is: 'escrow' });
    this.#register(receipts, { is: 'box' });
    this.#register(audit, { is: 'box' });
    if (n === 1) this.#facts.next = next;
    this.#facts.epochs.push(this.#epoch({ n, ...keys, escrow, receipts, audit, grace, signers: [] }));
  }

  #setLegacy(key: Hex, signers: readonly Hex[]): void {
    this.#register(key, { is: 'epoch', compartment: 'chart' });
    const keys = { desk: key, chart: key, confidential: key, escrow: key, receipts: key, audit: key };
    this.#facts.legacy = this.#epoch({ n: 0, ...keys, grace: 0, signers });
  }

  #epoch(terms: Omit<Epoch, 'event' | 'at' | 'received'>): Epoch {
    const { entry, at, received } = this.#began;
    return { ...terms, event: entry, at, received };
  }

  #endDisclosure(entry: Hex, place: DisclosurePlace): void {
    const ended = this.#began.at;
    if (place.is === 'share') {
      const shares = this.#facts.shares.get(place.recipient) ?? [];
      const end = shares.map((fact) =>
        fact.share.entry === entry ? { ...fact, ended: fact.ended ?? ended } : fact,
      );
      this.#facts.shares.set(place.recipient, end);
      return;
    }
    const fact = this.#facts.invitations.get(place.hash);
    if (fact !== undefined) this.#facts.invitations.set(place.hash, { ...fact, ended: fact.ended ?? ended });
  }

  #suspend({ target, public: open, admin }: Extract<Act, { is: 'suspend' }>): void {
    const { at, entry, received } = this.#began;
    const { byAdmin, publicSuspensions, suspensions, keySpans, clientSpans, bars } = this.#facts;
    if (admin !== null) {
      byAdmin.set(admin, [...(byAdmin.get(admin) ?? []), received].slice(-SUSPENSIONS_MAX));
    }
    if (open) publicSuspensions.push({ at, id: entry });
    const span: Span = { entry, from: at, to: null };
    switch (target.is) {
      case 'key':
        add(keySpans, target.key, span);
        break;
      case 'client':
        add(clientSpans, target.client, span);
        break;
      case 'link':
        this.#changeLinks(target.guardian, (line) =>
          line.root === target.root ? { ...line, suspended: [...line.suspended, span] } : line,
        );
        break;
      case 'bar':
        add(bars, target.member, { root: target.root, span });
    }
    suspensions.set(entry, { target, public: open, lifted: false });
  }

  #changeLinks(guardian: Hex, change: (line: LinkLine) => LinkLine): void {
    const { links } = this.#facts;
    links.set(guardian, (links.get(guardian) ?? []).map(change));
  }

  /** Ends the spans that this 2108 began. */
  #lift(entry: Hex): void {
    const { publicSuspensions, suspensions, keySpans, clientSpans, bars } = this.#facts;
    const suspended = suspensions.get(entry);
    if (suspended === undefined) return;
    const { target, public: open } = suspended;
    if (open) publicSuspensions.push({ at: this.#began.at, id: this.#began.entry });
    const end = (span: Span): Span =>
      span.entry === entry && span.to === null ? { ...span, to: this.#began.at } : span;
    switch (target.is) {
      case 'key':
        keySpans.set(target.key, (keySpans.get(target.key) ?? []).map(end));
        break;
      case 'client':
        clientSpans.set(target.client, (clientSpans.get(target.client) ?? []).map(end));
        break;
      case 'link':
        this.#changeLinks(target.guardian, (line) => ({ ...line, suspended: line.suspended.map(end) }));
        break;
      case 'bar': {
        const all = bars.get(target.member) ?? [];
        bars.set(
          target.member,
          all.map(({ root, span }) => ({ root, span: end(span) })),
        );
      }
    }
    suspensions.set(entry, { ...suspended, lifted: true });
  }

  #setClient(client: string, root: Hex | null, terms: ClientTerms): void {
    const { clients } = this.#facts;
    const changed = withLine(clients.get(client), { root, versions: [] }, (line) => ({
      ...line,
      versions: push(line.versions, this.#began, terms),
    }));
    clients.set(client, changed);
  }

  #setPatient(root: Hex, registration: Registration): void {
    this.#register(registration.subject, { is: 'subject', root });
    if (registration.own !== null) this.#register(registration.own, { is: 'own', root });
    const line = this.#facts.lines.get(root) ?? { versions: [], guardians: [] };
    this.#facts.lines.set(root, { ...line, versions: push(line.versions, this.#began, registration) });
  }
}
