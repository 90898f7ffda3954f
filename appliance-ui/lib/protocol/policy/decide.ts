/** Whether a policy event counts, and if so what it changes. Nothing here writes. */
import { sha256 } from '@noble/hashes/sha2.js';
import { fromHex, toHex } from '../bytes.ts';
import type { KeyRole } from '../keys.ts';
import { holdsCompartment, type Word } from '../permissions.ts';
import type { ProofCheck } from '../policy.ts';
import type { Refusal } from '../refusal.ts';
import { fail, ok, type Result } from '../result.ts';
import type { Event, Hex } from '../types.ts';
import type { Act, Change } from './change.ts';
import type {
  AgentTerms,
  Began,
  ClientTerms,
  Facts,
  KeyUse,
  LinkTerms,
  Roster,
  Target,
  Timeline,
} from './facts.ts';
import {
  type EpochTerms,
  type Named,
  type PatientTerms,
  type Proof,
  parseShape,
  type Shape,
  sequenceOf,
} from './shapes.ts';
import type { Member, Patient, Position } from './types.ts';
import { PolicyView } from './view.ts';

/** Suspensions by one admin within `SUSPENSION_SECONDS`. */
export const SUSPENSIONS_MAX = 5;
const SUSPENSION_SECONDS = 3_600;
/** Live patients of one client when granted by `admin`. */
const CLIENT_PATIENTS_MAX = 50;
/** Longest client grant by `admin`: one year, leap years included. */
const CLIENT_SECONDS_MAX = 366 * 86_400;

export function decide(
  facts: Facts,
  proves: ProofCheck,
  event: Event,
  at: Position,
  received: number,
): Result<Change, Refusal> {
  if (facts.counted.has(event.id)) return fail('counted');
  const shape = parseShape(event);
  const seq = sequenceOf(event);
  if (shape === null || seq === undefined) return fail('policy-shape');
  const time = Math.max(received, facts.floor);
  const view = new PolicyView(facts, Number.POSITIVE_INFINITY, time);
  const began: Began = {
    at: Math.max(at, facts.newest),
    received: time,
    entry: event.id,
    byPractice: shape.is === 'succession' || event.pubkey === view.practice(),
    end: 'end' in shape && shape.end,
  };
  try {
    const act = new Case(facts, proves, event, view, began).act(shape);
    return ok({ began, sequence: sequence(facts, act, began.byPractice, seq), act });
  } catch (error) {
    if (error instanceof Refused) return fail(error.refusal);
    throw error;
  }
}

/** Ends a judgement from within; it never leaves this file. */
class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal);
    this.refusal = refusal;
  }
}

function refuse(refusal: Refusal): never {
  throw new Refused(refusal);
}

/** P-signed events carry `seq`, which rises within their chain; others carry none. */
function sequence(facts: Facts, act: Act, byPractice: boolean, seq: number | null): Change['sequence'] {
  if (byPractice !== (seq !== null)) refuse('policy-shape');
  if (seq === null) return null;
  const open = isPublic(facts, act);
  const last = open ? facts.seqPublic : facts.seqStaff;
  if (last !== null && seq <= last) refuse('seq');
  return { seq, public: open };
}

function isPublic(facts: Facts, act: Act): boolean {
  switch (act.is) {
    case 'roster':
    case 'agent':
    case 'epoch':
    case 'legacy-epoch':
    case 'succession':
      return true;
    case 'suspend':
      return act.public;
    case 'lift':
      return facts.suspensions.get(act.entry)?.public ?? false;
  }
  return false;
}

function sameUse(one: KeyUse, other: KeyUse): boolean {
  if ('root' in one && 'root' in other) return one.is === other.is && one.root === other.root;
  return one.is === other.is;
}

/** What the practice key ended only the practice key restores. */
function restorable<T>(versions: Timeline<T> | undefined, began: Began): void {
  const last = versions?.at(-1)?.began;
  if (last?.end && last.byPractice && !began.byPractice && !began.end) refuse('ended-by-practice');
}

/** An ending wins a tie: in the same second nothing restores what it ended. */
function endWins<T>(versions: Timeline<T> | undefined, began: Began): void {
  const last = versions?.at(-1)?.began;
  if (last?.end && !began.end && last.received === began.received) refuse('ended-now');
}

/** The event under judgement with the state's view of its moment. */
class Case {
  readonly #facts: Facts;
  readonly #proves: ProofCheck;
  readonly #event: Event;
  readonly #view: PolicyView;
  readonly #began: Began;

  constructor(facts: Facts, proves: ProofCheck, event: Event, view: PolicyView, began: Began) {
    this.#facts = facts;
    this.#proves = proves;
    this.#event = event;
    this.#view = view;
    this.#began = began;
  }

  act(shape: Shape): Act {
    switch (shape.is) {
      case 'roster':
        return this.#roster(shape.member, shape.terms, shape.proofs);
      case 'agent':
        return this.#agent(shape.agent, shape.terms, shape.proofs);
      case 'link':
        return this.#link(shape.child, shape.guardian, shape.terms, shape.proofs);
      case 'epoch':
        return this.#epoch(shape.terms);
      case 'legacy-epoch':
        return this.#legacyEpoch(shape.key, shape.signers);
      case 'share':
        return this.#share(shape.recipient, shape.ids, shape.until);
      case 'invitation':
        return this.#invitation(shape.hash, shape.until);
      case 'disclosure-end':
        return this.#disclosureEnd(shape.entry);
      case 'succession':
        return this.#succession(shape.practice, shape.next);
      case 'suspend':
        return this.#suspend(shape.named);
      case 'lift':
        return this.#lift(shape.entry);
      case 'client':
        return this.#client(shape.client, shape.subject, shape.terms);
      case 'patient':
        return this.#patient(shape.terms);
      case 'destruction':
        this.#needPractice();
        return { is: 'destruction', ids: shape.ids };
    }
  }

  #needPractice(): void {
    if (this.#event.pubkey !== this.#view.practice()) refuse('policy-authority');
  }

  /** Null for P, else a live member who has the word and is not suspended. */
  #signer(word: Word): Member | null {
    const { pubkey } = this.#event;
    if (pubkey === this.#view.practice()) return null;
    const member = this.#view.member(pubkey) ?? refuse('policy-authority');
    if (this.#view.suspended(pubkey)) refuse('suspended');
    return member.words.includes(word) ? member : refuse('policy-authority');
  }

  #use(key: Hex): KeyUse | null {
    return this.#facts.keys.get(key)?.use ?? null;
  }

  /** A key enters a role once, with proof of possession, and never has another. */
  #enter(key: Hex, use: KeyUse, word: KeyRole, proofs: readonly Proof[]): void {
    const known = this.#use(key);
    if (known === null) this.#needProof(key, word, proofs);
    else if (!sameUse(known, use)) refuse('key-in-use');
  }

  #needProof(key: Hex, word: KeyRole, proofs: readonly Proof[]): void {
    const practice = this.#view.practice();
    const held = proofs.some(({ holder, sig }) => holder === key && this.#proves(key, practice, word, sig));
    if (!held) refuse('pop');
  }

  #roster(member: Hex, terms: Roster, proofs: readonly Proof[]): Act {
    this.#needPractice();
    this.#enter(member, { is: 'staff' }, 'staff', proofs);
    const { replaces } = terms;
    if (replaces !== null && (replaces === member || this.#use(replaces)?.is !== 'staff'))
      refuse('key-in-use');
    endWins(this.#facts.members.get(member), this.#began);
    return { is: 'roster', member, terms: { ...terms, from: Math.max(terms.from, this.#began.received) } };
  }

  #agent(agent: Hex, terms: AgentTerms, proofs: readonly Proof[]): Act {
    this.#needPractice();
    this.#enter(agent, { is: 'agent' }, 'agent', proofs);
    endWins(this.#facts.agents.get(agent), this.#began);
    return { is: 'agent', agent, terms };
  }

  #link(child: Hex, guardian: Hex, terms: LinkTerms, proofs: readonly Proof[]): Act {
    const signer = this.#signer('register');
    const use = this.#use(child);
    if (use?.is !== 'subject') return refuse('subject');
    // A new grant names the T in force; an ending is the old event again and may name a former one.
    if (!this.#began.end && this.#view.patient(child)?.subject !== child) refuse('subject');
    this.#notBarred(signer, use.root);
    this.#enter(guardian, { is: 'guardian' }, 'guardian', proofs);
    const lines = this.#facts.links.get(guardian);
    const versions = lines?.find((line) => line.root === use.root)?.versions;
    restorable(versions, this.#began);
    endWins(versions, this.#began);
    return { is: 'link', root: use.root, guardian, terms };
  }

  /** A member whom a 2108 bars from a patient writes nothing about that patient either. */
  #notBarred(signer: Member | null, root: Hex): void {
    if (signer !== null && this.#view.bars(signer.key, root)) refuse('suspended');
  }

  #epoch(terms: EpochTerms): Act {
    this.#needPractice();
    if (terms.n !== (this.#facts.epochs.at(-1)?.n ?? 0) + 1) refuse('seq');
    const own = Object.values(terms.keys);
    const all = [...own, terms.escrow, terms.receipts, terms.audit];
    const fits = (key: Hex, is: KeyUse['is']) => (this.#use(key)?.is ?? is) === is;
    const kept = fits(terms.escrow, 'escrow') && fits(terms.receipts, 'box') && fits(terms.audit, 'box');
    const fresh = own.every((key) => this.#use(key) === null);
    if (new Set(all).size < all.length || !fresh || !kept) refuse('key-in-use');
    return { is: 'epoch', terms };
  }

  #legacyEpoch(key: Hex, signers: readonly Hex[]): Act {
    this.#needPractice();
    if (this.#facts.legacy !== null) refuse('seq');
    if (this.#use(key) !== null) refuse('key-in-use');
    return { is: 'legacy-epoch', key, signers };
  }

  /** Patient, own key or guardian, not suspended. */
  #family(): Hex {
    const author = this.#event.pubkey;
    const person = this.#view.person(author).is;
    if (person !== 'patient' && person !== 'own' && person !== 'guardian') refuse('policy-authority');
    if (this.#view.suspended(author)) refuse('suspended');
    return author;
  }

  #share(recipient: Hex, ids: readonly Hex[], until: number): Act {
    const author = this.#family();
    const use = this.#use(recipient)?.is;
    const internal = use === 'epoch' || use === 'practice' || use === 'escrow' || use === 'box';
    if (internal || recipient === author) refuse('policy-shape');
    return { is: 'share', author, recipient, ids, until };
  }

  #invitation(hash: Hex, until: number): Act {
    const author = this.#family();
    if (this.#facts.invitations.has(hash)) refuse('key-in-use');
    return { is: 'invitation', author, hash, until };
  }

  #disclosureEnd(entry: Hex): Act {
    const known = this.#facts.disclosures.get(entry);
    if (known?.author !== this.#event.pubkey) return refuse('policy-authority');
    return { is: 'disclosure-end', entry, place: known.place };
  }

  #succession(practice: Hex, next: Hex): Act {
    const key = this.#event.pubkey;
    const hash = toHex(sha256(fromHex(key, 32) ?? new Uint8Array()));
    if (this.#facts.next !== hash || practice !== this.#view.practice()) refuse('policy-authority');
    if (this.#use(key) !== null) refuse('key-in-use');
    return { is: 'succession', practice: key, next };
  }

  #suspend(named: Named): Act {
    const signer = this.#signer('admin');
    const { target, public: open } = this.#target(named);
    const admin = signer?.key ?? null;
    const times = (admin === null ? undefined : this.#facts.byAdmin.get(admin)) ?? [];
    const recent = times.filter((time) => time + SUSPENSION_SECONDS > this.#view.time);
    if (recent.length >= SUSPENSIONS_MAX) refuse('suspension-limit');
    return { is: 'suspend', target, public: open, admin };
  }

  #target(named: Named): { readonly target: Target; readonly public: boolean } {
    switch (named.is) {
      case 'key': {
        const use = this.#use(named.key)?.is;
        const open = use === 'staff' || use === 'agent';
        const family = use === 'guardian' || use === 'subject' || use === 'own';
        return open || family ? { target: named, public: open } : refuse('policy-authority');
      }
      case 'client':
        if (!this.#facts.clients.has(named.client)) refuse('policy-authority');
        return { target: named, public: false };
      case 'link': {
        const known = this.#facts.linkEntries.get(named.entry) ?? refuse('policy-authority');
        return { target: { is: 'link', ...known }, public: false };
      }
      case 'bar': {
        const subject = this.#use(named.subject);
        if (this.#use(named.member)?.is !== 'staff' || subject?.is !== 'subject') {
          return refuse('policy-authority');
        }
        return { target: { is: 'bar', member: named.member, root: subject.root }, public: false };
      }
    }
  }

  #lift(entry: Hex): Act {
    this.#needPractice();
    const suspended = this.#facts.suspensions.get(entry);
    return suspended !== undefined && !suspended.lifted ? { is: 'lift', entry } : refuse('policy-authority');
  }

  #client(client: string, subject: Hex | null, terms: ClientTerms): Act {
    const signer = this.#signer('admin');
    const use = subject === null ? null : this.#use(subject);
    if (subject !== null && use?.is !== 'subject') refuse('subject');
    const root = use?.is === 'subject' ? use.root : null;
    const versions = this.#facts.clients.get(client)?.find((line) => line.root === root)?.versions;
    restorable(versions, this.#began);
    endWins(versions, this.#began);
    if (signer !== null) this.#needNarrow(client, root, terms);
    return { is: 'client', client, root, terms };
  }

  /** What an admin may grant: named patients, not too many, for a year, nothing confidential. */
  #needNarrow(client: string, root: Hex | null, terms: ClientTerms): void {
    const long = terms.until > this.#began.received + CLIENT_SECONDS_MAX;
    const wide = root === null || terms.export || terms.scopes.includes('confidential');
    if (long || wide) refuse('policy-authority');
    const others = this.#view
      .clientGrants()
      .filter((grant) => grant.client === client && grant.subject !== null)
      .filter((grant) => grant.subject === null || this.#view.rootOf(grant.subject) !== root);
    if (!this.#began.end && others.length >= CLIENT_PATIENTS_MAX) refuse('client-patients');
  }

  #patient(terms: PatientTerms): Act {
    const signer = this.#signer('register') ?? refuse('policy-authority');
    const compartment = this.#view.compartmentOf(terms.epochKey);
    if (compartment === 'chart' || compartment === 'confidential') refuse('compartment');
    if (this.#view.current(terms.epochKey) === null) refuse('epoch');
    const root = this.#lineOf(terms);
    this.#notBarred(signer, root);
    const keys = { subject: terms.subject, own: this.#ownOf(terms, root, this.#view.patient(root)) };
    return { is: 'patient', root, registration: { ...keys, byChart: holdsCompartment(signer, 'chart') } };
  }

  /** The line to which this 2110's T belongs: its own when T is new and replaces none. */
  #lineOf({ subject, rekey, legacy, proofs }: PatientTerms): Hex {
    const use = this.#use(subject);
    if (use?.is === 'subject') {
      // T stands already. Only the T in force names the patient; a repeated `rekey` must be the one that made it.
      const patient = this.#view.patient(subject) ?? refuse('subject');
      const former = rekey === null || patient.former.includes(rekey);
      return patient.subject === subject && former ? use.root : refuse('key-in-use');
    }
    if (use !== null) refuse('key-in-use');
    if (!(legacy && this.#facts.imported.has(subject))) this.#needProof(subject, 'subject', proofs);
    if (rekey === null) return subject;
    if (this.#view.patient(rekey)?.subject !== rekey) refuse('subject');
    return this.#view.rootOf(rekey) ?? refuse('subject');
  }

  /** C after this 2110. It stays until another is named; an adult's C = T follows a rekey. */
  #ownOf({ subject, own, proofs }: PatientTerms, root: Hex, before: Patient | null): Hex | null {
    if (own === null)
      return before !== null && before.own === before.subject ? subject : (before?.own ?? null);
    if (own !== subject) this.#enter(own, { is: 'own', root }, 'own', proofs);
    return own;
  }
}
