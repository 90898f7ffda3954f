/** The desk where the events of one call are signed, one after the other, and tried on the policy in the end. */

import { toHex } from '../bytes.ts';
import { sealStaff } from '../envelope.ts';
import { type Link, pTag, type Tag } from '../event.ts';
import { buildLink, buildLinkEnd } from '../grants/links.ts';
import { type KeyRole, proofHolds, prove } from '../keys.ts';
import { kinds } from '../kinds.ts';
import type { Patient, View } from '../policy/types.ts';
import { type Random, randomSecret } from '../random.ts';
import type { Event, Hex, Resource } from '../types.ts';
import {
  type Holder,
  type NewChild,
  type NewGuardian,
  type ProvedKey,
  type Registrar,
  type Registration,
  RegistrationError,
  type Standing,
  type SubjectKey,
} from './types.ts';

export class SigningDesk {
  /** T's that this call puts in force. */
  readonly subjects: Hex[] = [];
  readonly #registrar: Registrar;
  readonly #random: Random;
  readonly #view: View;
  readonly #events: Event[] = [];
  /** Keys that this call brings in. */
  readonly #brought = new Map<Hex, KeyRole>();

  constructor(registrar: Registrar, random: Random) {
    this.#registrar = registrar;
    this.#random = random;
    this.#view = registrar.policy.now(registrar.now);
  }

  /** What was signed, if policy takes all of it. */
  tried(): Registration {
    const policy = this.#registrar.policy.clone();
    for (const event of this.#events) {
      const refusal = policy.apply(event, policy.newest + 1, this.#registrar.now);
      if (refusal !== null) throw new RegistrationError({ code: 'refused', refusal });
    }
    return { events: this.#events, subjects: this.subjects };
  }

  child({ key, own, resource }: NewChild): void {
    const proved = this.#subject(key);
    const extra = [popTag(proved), ...(own === null ? [] : this.#ownTags(proved.key, own))];
    this.#patient(proved.key, resource, [], extra);
  }

  rekey({ subject, resource }: Standing, key: SubjectKey): void {
    const before = this.standing(subject);
    const proved = this.#subject(key);
    this.#patient(proved.key, resource, after(before), [popTag(proved), ['rekey', before.subject]]);
  }

  own({ subject, resource }: Standing, own: ProvedKey): void {
    const before = this.standing(subject);
    this.#patient(before.subject, resource, after(before), this.#ownTags(before.subject, own));
  }

  endLink(link: Event): void {
    const guardian = pTag(link, 1);
    const links = guardian === null ? [] : this.#view.linksOf(guardian);
    if (!links.some(({ entry }) => entry === link.id)) throw new RegistrationError({ code: 'no-link' });
    this.#events.push(buildLinkEnd(this.#registrar.secret, link, this.#registrar.now));
  }

  link(child: Hex, { key, name, relationship, compartments, until }: NewGuardian): void {
    this.#brings(key, 'guardian');
    const { secret, desk, now: createdAt } = this.#registrar;
    const who = { child, guardian: key.key, pop: key.pop, name, relationship };
    const entry = { ...who, compartments, until, desk, createdAt };
    this.#events.push(buildLink(secret, entry, this.#random));
  }

  /** The patient whose T in force this is. */
  standing(subject: Hex): Patient {
    const patient = this.#view.patient(subject);
    if (patient?.subject !== subject) throw new RegistrationError({ code: 'no-patient' });
    return patient;
  }

  /** A 2110 under T, which it puts in force. */
  #patient(subject: Hex, resource: Resource, links: readonly Link[], extra: readonly Tag[]): void {
    if (resource.resourceType !== 'Patient') throw new RegistrationError({ code: 'resource' });
    const { secret, desk, now: createdAt } = this.#registrar;
    const place = {
      practice: this.#view.practice(),
      epoch: desk.pair,
      reader: subject,
      confidential: false,
    };
    const r = toHex(this.#random());
    const record = { kind: kinds.patient, resource, subject, r, links, extra, createdAt };
    this.#events.push(sealStaff(secret, place, record, this.#random));
    this.subjects.push(subject);
  }

  /** T with its proof. */
  #subject(key: SubjectKey): ProvedKey {
    const proved = key === 'thrown-away' ? this.#thrownAway() : key;
    this.#brings(proved, 'subject');
    return proved;
  }

  #thrownAway(): ProvedKey {
    const made = randomSecret(this.#random);
    return {
      key: made.publicKey,
      pop: prove(made, this.#view.practice(), 'subject', this.#random),
    };
  }

  #ownTags(subject: Hex, own: ProvedKey): Tag[] {
    const ownTag = ['own', own.key];
    if (own.key === subject) return [ownTag];
    this.#brings(own, 'own');
    return [ownTag, popTag(own)];
  }

  /** A key enters a role once, with its proof, and never has another. A guardian may have links already. */
  #brings({ key, pop }: ProvedKey, role: KeyRole): void {
    const before = this.#brought.get(key);
    if (before === 'guardian' && role === 'guardian') return;
    const holder = before === undefined ? this.#holder(key) : 'twice';
    if (holder === null) {
      if (!proofHolds(key, this.#view.practice(), role, pop))
        throw new RegistrationError({ code: 'pop', key });
    } else if (holder !== 'guardian' || role !== 'guardian') {
      throw new RegistrationError({ code: 'key-in-use', key, holder });
    }
    this.#brought.set(key, role);
  }

  /** What the key is already; null when it is free. */
  #holder(key: Hex): Holder | null {
    const view = this.#view;
    const { is } = view.person(key);
    switch (is) {
      case 'member':
        return 'staff';
      case 'former':
        // A guardian whose links have all ended stays a guardian.
        return view.everFamily(key) && !view.everSubject(key) ? 'guardian' : 'former';
      case 'unknown': {
        const boxes = view.epochs().flatMap(({ escrow, receipts, audit }) => [escrow, receipts, audit]);
        return view.compartmentOf(key) !== null || boxes.includes(key) ? 'practice' : null;
      }
      default:
        return is;
    }
  }
}

/** The next 2110 of a patient names the one before. */
const after = ({ entry }: Patient): readonly Link[] => [{ id: entry, marker: 'correction' }];

const popTag = ({ key, pop }: ProvedKey): Tag => ['pop', key, pop];
