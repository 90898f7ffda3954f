/**
 * The merged order of the two policy chains: a staff receipt comes after the public receipt that it names and before
 * the next public one. A position is a place in this order, from 1.
 */
import { links, pTag } from '../event.ts';
import { kinds } from '../kinds.ts';
import { groupBy } from '../order.ts';
import type { Position } from '../policy/types.ts';
import { Policy, type ProofCheck } from '../policy.ts';
import type { Event, Hex } from '../types.ts';
import { byPrev, Generations, type Walk, walk } from './chain.ts';
import { depthsOf, inOrder, isBefore, isSooner, type Loose, type Place, type Registered } from './loose.ts';
import type { ChainKey, Completeness, PolicyMark, Readership, Receipt } from './types.ts';

/**
 * Positions of public receipts are this far apart for a family, so that its own policy events find their places
 * between them.
 */
const FAMILY_STEP = 2 ** 32;

export type EventsById = ReadonlyMap<Hex, Event>;

/** Where an event can stand. */
export interface Places {
  readonly earliest: Position;
  readonly position: Position;
}

/** What the two chains are read from. */
export interface Material {
  readonly practice: Hex;
  readonly readership: Readership;
  readonly proves: ProofCheck;
  /** In the order of (n, id). */
  readonly policyReceipts: readonly Receipt[];
  readonly clinicalReceipts: readonly Receipt[];
  readonly events: readonly Event[];
  readonly byId: EventsById;
}

export class Order {
  readonly #material: Material;
  readonly #public: Line;
  readonly #staff: Line;
  readonly #merged: readonly Receipt[];
  readonly #positions = new Map<Hex, Position>();
  /**
   * `received` of a family's own policy events by the position of the public receipt under which they stand, in
   * order.
   */
  readonly #own = new Map<Position, number[]>();

  constructor(material: Material) {
    this.#material = material;
    const { readership, policyReceipts } = material;
    const ofChain = (chain: string) => policyReceipts.filter(({ policyChain }) => policyChain === chain);
    const { line, policy } = followPublic(material, ofChain('policy'));
    this.#public = line;
    this.#staff =
      readership === 'staff'
        ? followStaff(ofChain('policy-staff'), line.receipts, policy, material.byId)
        : { receipts: [], completeness: 'whole' };
    this.#merged = merge(line.receipts, this.#staff.receipts);
    const step = readership === 'staff' ? 1 : FAMILY_STEP;
    for (const [at, { id }] of this.#merged.entries()) this.#positions.set(id, (at + 1) * step);
  }

  /** The worse of both chains. */
  state(): Completeness {
    const states = [this.#public.completeness, this.#staff.completeness];
    return states.find((state) => state === 'fork') ?? states.find((state) => state === 'gap') ?? 'whole';
  }

  /** The position of a policy receipt that counts. */
  positionOf(receipt: Hex): Position | null {
    return this.#positions.get(receipt) ?? null;
  }

  /** The later of the two receipts that a mark names. Null: it names one that does not count. */
  position(mark: PolicyMark): Position | null {
    const open = mark.public === null ? null : this.positionOf(mark.public);
    if (open === null || mark.staff === null || this.#material.readership === 'members') return open;
    const staff = this.positionOf(mark.staff);
    return staff && Math.max(open, staff);
  }

  /**
   * The first and the last position at which an event can stand that was received then under this mark. A family
   * takes the relay's word for the order of its own policy: what was received before stands before, and within one
   * second nobody can tell. What stands in between has the positions in between.
   */
  positionsThen(mark: PolicyMark, received: number): Places | null {
    const position = this.position(mark);
    if (position === null) return null;
    const own = this.#own.get(position) ?? [];
    const placed = (end: number) => position + (end < 0 ? own.length : end);
    return {
      earliest: placed(own.findIndex((time) => time >= received)),
      position: placed(own.findIndex((time) => time > received)),
    };
  }

  /** Both chains for the book's own rows. */
  walks(): readonly (readonly [ChainKey, Walk])[] {
    const ofLine = ({ receipts, completeness }: Line) => ({
      receipts,
      completeness,
      head: receipts.at(-1)?.id ?? null,
    });
    const open = [{ is: 'policy' }, ofLine(this.#public)] as const;
    if (this.#material.readership !== 'staff') return [open];
    return [open, [{ is: 'policy-staff' }, ofLine(this.#staff)]];
  }

  /**
   * Folds all policy events that these receipts order. Clinical receipts date the registrations of a family and name
   * the imported subjects.
   */
  fold(): Policy {
    const { practice, proves, readership, byId } = this.#material;
    const policy = new Policy(practice, proves);
    for (const subject of this.#imported()) policy.noteImport(subject);
    const loose = readership === 'staff' ? [] : this.#loose();
    let next = 0;
    for (const receipt of this.#merged) {
      const at = this.#positions.get(receipt.id) ?? 0;
      applyReceipt(policy, receipt, at, byId);
      const times: number[] = [];
      this.#own.set(at, times);
      for (let own = loose[next]; own !== undefined && own.position <= at; own = loose[next]) {
        next += 1;
        // A refusal means that the event does not count; it has no other effect.
        policy.apply(own.event, at + times.length + 1, own.received);
        times.push(own.received);
      }
    }
    return policy;
  }

  #imported(): readonly Hex[] {
    const rows = this.#material.clinicalReceipts.flatMap((receipt) => receipt.rows);
    const events = rows.filter((row) => row.import).map((row) => this.#material.byId.get(row.id));
    return events.flatMap((event) => (event && pTag(event, 1)) ?? []);
  }

  /**
   * What a family holds of its own registrations, links, suspensions and grants: 2110 at the position of its clinical
   * receipt, the others by the relay's word at their created_at, but no earlier than the registration of the patient
   * whom they name: the relay took them, so it had been taken before, whatever the writer's clock said.
   */
  #loose(): readonly Loose[] {
    const receipted = new Set(this.#public.receipts.flatMap(({ rows }) => rows.map(({ id }) => id)));
    const own = this.#material.events.filter(({ id }) => !receipted.has(id));
    const dated = this.#dated();
    const patients = own.filter(({ id, kind }) => kind === kinds.patient && dated.has(id));
    const depths = depthsOf(patients);
    const registrations = patients.flatMap((event): Loose[] => {
      const place = dated.get(event.id);
      return place ? [{ ...place, after: depths.get(event.id) ?? 0, event }] : [];
    });
    const registered = new Map<Hex, Loose>();
    for (const registration of registrations) {
      const subject = pTag(registration.event, 1) ?? '';
      const first = registered.get(subject);
      if (!first || isSooner(registration, first)) registered.set(subject, registration);
    }
    const others = own.flatMap((event): Loose[] => {
      const place = BY_RELAYS_WORD.has(event.kind) ? this.#claimed(event, registered) : null;
      return place ? [{ ...place, event }] : [];
    });
    return [...registrations, ...others].sort(inOrder);
  }

  /** Positions and times of what clinical receipts name. */
  #dated(): ReadonlyMap<Hex, Place> {
    const dated = new Map<Hex, Place>();
    for (const receipt of this.#material.clinicalReceipts) {
      const position = this.position(receipt.mark);
      for (const { id, received } of position === null ? [] : receipt.rows) {
        if (position !== null && !dated.has(id)) dated.set(id, { position, received });
      }
    }
    return dated;
  }

  /** The place that an event's own time gives, or the later one of a registration of somebody whom it names. */
  #claimed(event: Event, registered: Registered): (Place & { after: number }) | null {
    const position = this.#positionAt(event.created_at);
    if (position === null) return null;
    let place: Place = { position, received: event.created_at };
    const named = [pTag(event, 0), pTag(event, 1)].flatMap((subject) => registered.get(subject ?? '') ?? []);
    for (const registration of named) {
      if (isBefore(place, registration)) place = registration;
    }
    const after = named.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...named.map((one) => one.after));
    return { position: place.position, received: place.received, after };
  }

  /** The newest position whose receipt was written up by this time. */
  #positionAt(time: number): Position | null {
    const { receipts } = this.#public;
    const later = receipts.findIndex(({ rows }) => (rows.at(-1)?.received ?? 0) > time);
    const newest = later < 0 ? receipts.at(-1) : (receipts[later - 1] ?? receipts[0]);
    return newest === undefined ? null : this.positionOf(newest.id);
  }
}

const BY_RELAYS_WORD: ReadonlySet<number> = new Set([
  kinds.guardianLink,
  kinds.suspension,
  kinds.fhirClientGrant,
]);

/** A policy chain as far as it is one line. */
interface Line {
  readonly receipts: readonly Receipt[];
  readonly completeness: Completeness;
}

function merge(open: readonly Receipt[], staff: readonly Receipt[]): readonly Receipt[] {
  const under = groupBy(staff, ({ mark }) => mark.public);
  return open.flatMap((receipt) => [receipt, ...(under.get(receipt.id) ?? [])]);
}

/** Applies the rows that belong to the receipt's own chain. */
function applyReceipt(policy: Policy, receipt: Receipt, at: Position, byId: EventsById): void {
  for (const row of receipt.rows) {
    const event = byId.get(row.id);
    if (event !== undefined && policy.chainOf(event) === receipt.policyChain) {
      // A refusal means that the event does not count; it has no other effect.
      policy.apply(event, at, row.received);
    }
  }
}

/**
 * The chain of all members from its genesis as far as it is one line signed by certified boxes. A 2105 that names a
 * new box counts in the receipt by which that box goes on.
 */
function followPublic(
  { practice, proves, byId }: Material,
  receipts: readonly Receipt[],
): { readonly line: Line; readonly policy: Policy } {
  const next = byPrev(receipts);
  const line: Receipt[] = [];
  let policy = new Policy(practice, proves);
  const end = (completeness: Completeness) => ({ line: { receipts: line, completeness }, policy });
  for (;;) {
    const last = line.at(-1);
    const following = goingOn(policy, next.get(last?.id ?? '') ?? [], line.length + 1, byId);
    const [first] = following;
    if (following.length > 1) return end('fork');
    if (first === undefined) break;
    const { receipt } = first;
    const counts = (last?.n ?? 0) + receipt.rows.length === receipt.n;
    // Without an event that the chain names, policy is unknown from there on: it may have ended someone.
    if (!counts || receipt.rows.some(({ id }) => !byId.has(id))) return end('gap');
    line.push(receipt);
    policy = first.after();
  }
  return end(isTorn(receipts, new Generations(policy.now(0))) ? 'gap' : 'whole');
}

/** Receipts that go on from here: by a box whose certification they bring themselves, else by the certified one. */
function goingOn(policy: Policy, candidates: readonly Receipt[], at: Position, byId: EventsById) {
  const view = policy.now(0);
  const standing = candidates.filter(({ signer }) => view.certifiedBox(signer));
  const renewing = candidates.flatMap((receipt) => {
    if (view.certifiedBox(receipt.signer) || !beginsWithEpoch(receipt, byId)) return [];
    const after = policy.clone();
    applyReceipt(after, receipt, at, byId);
    return after.now(0).certifiedBox(receipt.signer) ? [{ receipt, after: () => after }] : [];
  });
  if (renewing.length > 0) return renewing;
  return standing.map((receipt) => ({
    receipt,
    after: () => {
      applyReceipt(policy, receipt, at, byId);
      return policy;
    },
  }));
}

function beginsWithEpoch(receipt: Receipt, byId: EventsById): boolean {
  const [first] = receipt.rows;
  return first !== undefined && byId.get(first.id)?.kind === kinds.practiceEpoch;
}

/** Whether a receipt by a box that is or was certified goes on from one that is not here. */
function isTorn(receipts: readonly Receipt[], generations: Generations): boolean {
  const present = new Set(receipts.map(({ id }) => id));
  return receipts.some(
    ({ signer, prev }) => generations.get(signer) !== null && prev !== null && !present.has(prev),
  );
}

/** The chain for staff as far as it is one line whose receipts name public ones in their order. */
function followStaff(
  receipts: readonly Receipt[],
  open: readonly Receipt[],
  policy: Policy,
  byId: EventsById,
): Line {
  const generations = new Generations(policy.now(0));
  const places = new Map(open.map(({ id }, at) => [id, at + 1]));
  const { receipts: walked, completeness } = walk(receipts, generations);
  const next = byPrev(walked);
  const gone = destroyed(policy, byId);
  const line: Receipt[] = [];
  let place: Position = 0;
  for (const receipt of walked) {
    const last = line.at(-1);
    if ((next.get(receipt.prev ?? '')?.length ?? 0) > 1) return { receipts: line, completeness: 'fork' };
    const at = receipt.mark.public === null ? undefined : places.get(receipt.mark.public);
    const certified = at === undefined ? null : policy.at(at, 0).epoch();
    const [signer, needed] = [
      generations.get(receipt.signer),
      certified && generations.get(certified.receipts),
    ];
    const goesOn =
      signer !== null &&
      needed !== null &&
      signer >= needed &&
      receipt.prev === (last?.id ?? null) &&
      receipt.n === (last?.n ?? 0) + receipt.rows.length &&
      receipt.rows.every(({ id }) => byId.has(id) || gone.has(id));
    if (at === undefined || at < place || !goesOn) return { receipts: line, completeness: 'gap' };
    line.push(receipt);
    place = at;
  }
  return { receipts: line, completeness };
}

/** Ids that a destruction order of a practice key names: the events may be gone. */
function destroyed(policy: Policy, byId: EventsById): ReadonlySet<Hex> {
  const practices = new Set(policy.now(0).practices());
  const orders = [...byId.values()].filter(
    ({ kind, pubkey }) => kind === kinds.destruction && practices.has(pubkey),
  );
  return new Set(orders.flatMap((order) => links(order).map(({ id }) => id)));
}
