/** The rule for an event that has a receipt: reasons in the order of docs/ref/protocol.md 2.8.1. */
import { type Body, typeFits } from '../body.ts';
import { parse } from '../envelope.ts';
import { links, pTag, tagValue } from '../event.ts';
import type { Record } from '../fold/types.ts';
import { kinds } from '../kinds.ts';
import { familyWrites, holdsCompartment, kindIn, ownKeyWrites, wordFor } from '../permissions.ts';
import type { Member, Patient, Position, View } from '../policy/types.ts';
import type { Policy } from '../policy.ts';
import type { Receipted } from '../receipts/types.ts';
import type { Compartment, Event, Hex } from '../types.ts';
import { claimsSignature, mayBeSigned } from './claims.ts';
import { judgeImport } from './import.ts';
import type { ImportOpening, Opened, Opening } from './opening.ts';
import type { Tie } from './ties.ts';
import type { Outcome, Reason, Sight } from './types.ts';

/** A row whose place in policy is known. */
export type Placed = Receipted & { readonly position: Position };

/** By what an event is judged. */
export interface Bench {
  readonly policy: Policy;
  readonly sight: Sight;
  /** Of a disclosure. */
  readonly ties: readonly Tie[];
}

/** Judges an event whose id and signature hold and that a receipt names. */
export function judge(bench: Bench, event: Event, row: Placed, opening: Opening): Outcome {
  const view = bench.policy.at(row.position, row.received);
  return outcomeOf(new Case(bench, view, event, row, opening).judge());
}

/** The same for an event that the receipt calls an import. */
export function judgeImported(policy: Policy, event: Event, row: Placed, opening: ImportOpening): Outcome {
  return outcomeOf(judgeImport(policy.at(row.position, row.received), event, row, opening));
}

function outcomeOf(verdict: Outcome | Reason): Outcome {
  return typeof verdict === 'string' ? { is: 'quarantine', reason: verdict } : verdict;
}

/** The signer at the receipt: a member, or a patient, own key or guardian. */
type Signer =
  | { readonly is: 'staff'; readonly member: Member }
  | {
      readonly is: 'family';
      /** An own key that is not T: writes confidential only. */
      readonly ownOnly: boolean;
      readonly ties: readonly FamilyTie[];
    };

/** A subject for whom a family key may write. */
interface FamilyTie {
  readonly subject: Hex;
  /** Null: all but confidential. */
  readonly compartments: readonly Compartment[] | null;
}

/** One event under judgement. Checks answer with the reason, or null. */
class Case {
  readonly #bench: Bench;
  readonly #view: View;
  readonly #event: Event;
  readonly #row: Placed;
  readonly #opening: Opening;
  readonly #body: Body | null;

  constructor(bench: Bench, view: View, event: Event, row: Placed, opening: Opening) {
    this.#bench = bench;
    this.#view = view;
    this.#event = event;
    this.#row = row;
    this.#opening = opening;
    this.#body = opening.is === 'opened' ? opening.body : null;
  }

  judge(): Outcome | Reason {
    const signer = this.#signer();
    if (signer === null) return 'not-member';
    const before = this.#role(signer) ?? this.#act(signer) ?? this.#compartment(signer) ?? this.#epoch();
    if (before !== null) return before;
    const compartment = this.#ownCompartment() ?? 'desk';
    const opening = this.#opening;
    if (opening.is === 'failed') return 'body';
    if (opening.is !== 'opened') {
      const { kind, pubkey } = this.#event;
      return { is: 'sealed', sealed: { kind, signer: pubkey, compartment, received: this.#row.received } };
    }
    if (tagValue(this.#event, 'pc') !== opening.commitment) return 'commitment';
    const body = this.#body;
    if (body === null || !this.#bodyFits(body)) return 'body';
    if (!this.#bindingFits(body, signer)) return 'binding';
    if (!this.#subjectFits(body, signer)) return 'subject';
    return this.#shown(opening, body, compartment, signer);
  }

  /** A member, or one who is or was a family key. */
  #signer(): Signer | null {
    const key = this.#event.pubkey;
    const person = this.#view.person(key);
    const suspended = this.#view.suspended(key);
    if (person.is === 'member' && !suspended) return { is: 'staff', member: person.member };
    const disclosed = this.#disclosed();
    if (disclosed !== null) return disclosed;
    if (!this.#view.everFamily(key)) return null;
    return { is: 'family', ownOnly: person.is === 'own', ties: suspended ? [] : this.#ties() };
  }

  #ties(): readonly FamilyTie[] {
    const person = this.#view.person(this.#event.pubkey);
    switch (person.is) {
      case 'patient':
      case 'own':
        return [{ subject: person.patient.subject, compartments: null }];
      case 'guardian':
        return person.links.map(({ child, compartments }) => ({ subject: child, compartments }));
    }
    return [];
  }

  /** By the 2110 or 2104 that comes with a disclosure, signed by one who may register. */
  #disclosed(): Signer | null {
    if (this.#bench.sight !== 'public') return null;
    const ties = this.#bench.ties.filter(
      ({ person, signer }) => person === this.#event.pubkey && this.#mayRegister(signer),
    );
    const [first] = ties;
    return first === undefined ? null : { is: 'family', ownOnly: first.own, ties };
  }

  #mayRegister(signer: Hex): boolean {
    const person = this.#view.person(signer);
    switch (person.is) {
      case 'practice':
        return true;
      case 'member':
        return person.member.words.includes('register');
      case 'former':
        // Who has left since may have signed it; the box's receipt vouches for the moment.
        return !this.#view.everFamily(signer);
    }
    return false;
  }

  /** The true kind, when the body says it. */
  #trueKind(): number | null {
    const { kind } = this.#event;
    return kind === kinds.confidential ? (this.#body?.binding.kind ?? null) : kind;
  }

  #role(signer: Signer): Reason | null {
    const { kind } = this.#event;
    const form = tagValue(this.#event, 'enc');
    const trueKind = this.#trueKind();
    const second = pTag(this.#event, 1) !== null;
    if (signer.is === 'staff') {
      const has = (of: number) => signer.member.words.some((word) => word === wordFor(of));
      const holds = form === 'nip44-dual' && has(kind) && (trueKind === null || has(trueKind));
      return holds ? null : 'role';
    }
    const writes = signer.ownOnly
      ? kind === kinds.confidential && !second && (trueKind === null || ownKeyWrites(trueKind))
      : familyWrites(kind) && (!second || kind === kinds.visit);
    return form === 'nip44' && writes ? null : 'role';
  }

  #act(signer: Signer): Reason | null {
    if (!this.#signs()) return null;
    if (signer.is !== 'staff') return 'act';
    const kind = this.#trueKind();
    const body = this.#body;
    const claims = body === null || kind === null || claimsSignature(kind, body.resource, this.#event.pubkey);
    const may = signer.member.words.includes('sign') && (kind === null || mayBeSigned(kind));
    return may && claims ? null : 'act';
  }

  #signs(): boolean {
    return this.#event.tags.some(([name]) => name === 'act');
  }

  /** The compartment of the first `p`. */
  #ownCompartment(): Compartment | null {
    const epochKey = pTag(this.#event, 0);
    return epochKey === null ? null : this.#view.compartmentOf(epochKey);
  }

  /** That in which the record's chain stands. */
  #compartment(signer: Signer): Reason | null {
    const { chain } = this.#row;
    if (chain.is !== 'clinical') return 'no-receipt';
    const own = this.#ownCompartment();
    if (own === null) return 'epoch';
    const may =
      signer.is === 'staff'
        ? holdsCompartment(signer.member, own)
        : signer.ties.length === 0 || signer.ties.some((tie) => opens(tie, own));
    return may && kindIn(this.#event.kind, own) && own === chain.compartment ? null : 'compartment';
  }

  #epoch(): Reason | null {
    const key = pTag(this.#event, 0);
    return key !== null && this.#view.current(key) !== null ? null : 'epoch';
  }

  /** The body keeps the rules, its type is that of its true kind, and the envelope has its shape. */
  #bodyFits({ binding, resource }: Body): boolean {
    const kind = this.#event.kind === kinds.confidential ? binding.kind : this.#event.kind;
    // Without a true kind there is no type to compare; the binding is judged next.
    const fits = typeFits(kind, resource.resourceType) || !isTrueKind(kind);
    return fits && parse(this.#event) !== null;
  }

  #bindingFits({ binding }: Body, signer: Signer): boolean {
    const { kind, pubkey } = this.#event;
    const kindFits = kind === kinds.confidential ? isTrueKind(binding.kind) : binding.kind === kind;
    return (
      binding.signer === pubkey &&
      kindFits &&
      binding.epochKey === pTag(this.#event, 0) &&
      binding.practice === this.#view.practice() &&
      this.#secondFits(binding.subject, signer)
    );
  }

  /** T = second `p`, with the exceptions of 2.1. */
  #secondFits(subject: Hex, signer: Signer): boolean {
    const { kind } = this.#event;
    const second = pTag(this.#event, 1);
    if (signer.is === 'family') return second === null ? kind !== kinds.visit : second === subject;
    if (second === null) return kind === kinds.confidential;
    const confidential = kind === kinds.confidential;
    if (!confidential && kind !== kinds.message) return second === subject;
    // The recipient of a disclosure does not see who is tied to T: the receipt vouches.
    if (this.#bench.sight === 'public') return true;
    const own = this.#patient(subject)?.own === second;
    if (confidential) return own;
    return (
      own || second === subject || this.#view.guardiansOf(subject).some((link) => link.guardian === second)
    );
  }

  #patient(subject: Hex): Patient | null {
    const patient = this.#view.patient(subject);
    return patient?.subject === subject ? patient : null;
  }

  /**
   * T is the key of a registered patient at the receipt, and one that a family signer may write for. A 2110 is judged
   * with itself applied.
   */
  #subjectFits({ binding: { subject } }: Body, signer: Signer): boolean {
    return this.#registered(subject) && (signer.is === 'staff' || this.#mayWriteFor(subject, signer.ties));
  }

  #registered(subject: Hex): boolean {
    if (this.#bench.sight === 'public') return true;
    if (this.#event.kind === kinds.patient) return this.#bench.policy.counted(this.#event.id);
    return this.#patient(subject) !== null;
  }

  #mayWriteFor(subject: Hex, ties: readonly FamilyTie[]): boolean {
    const own = this.#ownCompartment();
    return ties.some(
      (tie) => tie.subject === subject && (own === null ? tie.compartments === null : opens(tie, own)),
    );
  }

  #shown(opening: Opened, body: Body, compartment: Compartment, signer: Signer): Outcome {
    const { id, pubkey, created_at } = this.#event;
    const { kind, subject, r } = body.binding;
    const sign = this.#signs();
    const record: Record = {
      id,
      aliases: [],
      kind,
      signer: pubkey,
      author: signer.is,
      subject,
      compartment,
      act: { r, same: opening.same },
      resource: body.resource,
      links: links(this.#event),
      sign,
      order: orderOf(this.#row),
      createdAt: created_at,
    };
    const marks = {
      copiesDiffer: opening.copiesDiffer,
      unsigned: claimsSignature(kind, body.resource, pubkey) && !sign,
      outside: kind === kinds.outsideRecord,
      former: false,
    };
    return { is: 'shown', record, marks, chain: this.#row.chain };
  }
}

function opens(tie: FamilyTie, compartment: Compartment): boolean {
  return tie.compartments?.includes(compartment) ?? true;
}

/** Receipt order of the row. */
export function orderOf({ position, received, n }: Placed): Record['order'] {
  return { position, received, n };
}

/** Kinds that a binding may name. */
function isTrueKind(kind: number): boolean {
  return (kind >= 2110 && kind <= 2121) || (kind >= 2124 && kind <= 2126);
}
