/**
 * What has been proved so far of one practice: policy in the order of its receipts, and the keys that grants (2100)
 * have brought. Both only ever grow; records are judged by them.
 */
import { toUtf8 } from '../protocol/bytes.ts';
import { textAt } from '../protocol/elements.ts';
import { pTag, tagValue } from '../protocol/event.ts';
import type { Coverage } from '../protocol/fold.ts';
import { type GrantRow, type GrantShape, parsePatientGrant } from '../protocol/grants.ts';
import { isClinical, kinds } from '../protocol/kinds.ts';
import { ConversationKey } from '../protocol/nip44.ts';
import { holdsCompartment } from '../protocol/permissions.ts';
import type { View } from '../protocol/policy/types.ts';
import { type EventCheck, Held, type Outcome, Reader } from '../protocol/reader.ts';
import type { ChainKey, Share } from '../protocol/receipts/types.ts';
import type { Event, Hex } from '../protocol/types.ts';
import type { Judge } from './chart.ts';
import type { Signer } from './signer.ts';
import type { Tied } from './subjects.ts';

interface Grant {
  readonly id: Hex;
  readonly signer: Hex;
  readonly rows: readonly GrantRow[];
}

export class Reading implements Judge {
  private readonly signer: Signer;
  private readonly reader: Reader;
  private readonly held: Held;
  private readonly grants: Grant[] = [];
  /** Grants that were tried: an extension is not asked twice. */
  private readonly tried = new Set<Hex>();
  /** Ids of the grants whose keys are held now. */
  private counted = '';
  /** Records for this key alone, which a signer outside has to open one by one. */
  private readonly closed = new Map<Hex, Event>();

  constructor(practice: Hex, signer: Signer, checked: EventCheck) {
    this.signer = signer;
    this.held = signer.secret ? Held.person(signer.secret) : Held.nothing();
    this.reader = new Reader({ practice, held: this.held, sight: 'own', checked });
  }

  /** Takes policy, receipts and grants; other events are passed over. */
  async take(events: readonly Event[]): Promise<void> {
    this.reader.add(events);
    for (const event of events) {
      if (event.kind !== kinds.patientKeyGrant || this.tried.has(event.id)) continue;
      this.tried.add(event.id);
      const rows = await this.open(event);
      if (rows) this.grants.push({ id: event.id, signer: event.pubkey, rows });
    }
    this.hold();
    if (this.signer.secret === null) await this.openOutside(events);
  }

  /** Has a signer outside open what is for this key alone; only what a receipt names, so that nobody is asked in vain. */
  private async openOutside(events: readonly Event[]): Promise<void> {
    for (const event of events)
      if (payloadFor(this.signer.publicKey, event) !== null) this.closed.set(event.id, event);
    for (const [id, event] of this.closed) {
      const payload = payloadFor(this.signer.publicKey, event);
      const epochKey = pTag(event, 0);
      if (payload === null || epochKey === null || this.received(event) === null) continue;
      this.closed.delete(id);
      try {
        this.reader.give(id, toUtf8(await this.signer.nip44Decrypt(epochKey, payload)));
      } catch {
        // A signer that does not open it leaves the record sealed.
      }
    }
  }

  read(events: readonly Event[], now: number | null): Map<Hex, Outcome> {
    return this.reader.read(events, now);
  }

  share(chains: readonly ChainKey[], held: ReadonlySet<Hex>): Share {
    return this.reader.share(chains, held);
  }

  coverage(chains: readonly ChainKey[], outcomes: ReadonlyMap<Hex, Outcome>): Coverage {
    return this.reader.coverage(chains, outcomes);
  }

  received(event: Event): number | null {
    return this.reader.book.receipted(event)?.received ?? null;
  }

  at(position: number, received: number): View {
    return this.reader.book.policy.at(position, received);
  }

  /** The newest policy, at this time or, without one, at that of the newest receipt. */
  now(time = 0): View {
    return this.reader.book.policy.now(time);
  }

  /** False: the policy chain has a hole or a fork. */
  get whole(): boolean {
    return this.reader.book.policyState === 'whole';
  }

  /** Box keys that sign receipts which count from now on. */
  boxKeys(): Hex[] {
    const epoch = this.now().epoch();
    return epoch ? [epoch.receipts] : [];
  }

  /** Whether somebody who holds the chart has given this key the chart of a patient. */
  opensChart(tied: Tied): boolean {
    if (tied.standing === 'patient') return true;
    const view = this.now();
    const chart = new Set(view.epochKeys('chart'));
    const opens = ({ epochKey, subject }: GrantRow) => chart.has(epochKey) && tied.line.includes(subject);
    return this.grants.some(({ signer, rows }) => this.holdsChart(view, signer) && rows.some(opens));
  }

  /** The name in the profile (kind 0) that the practice key has signed last. */
  practiceName(events: Iterable<Event>): string | null {
    const practices = this.now().practices();
    let newest: Event | null = null;
    for (const event of events) {
      if (event.kind !== kinds.metadata || !practices.includes(event.pubkey)) continue;
      if (!newest || event.created_at > newest.created_at) newest = event;
    }
    try {
      return newest ? textAt(JSON.parse(newest.content), 'name') : null;
    } catch {
      return null;
    }
  }

  /** Keys of grants count whose signer was a member, then or later; P for the former system's. */
  private hold(): void {
    const view = this.now();
    const grants = this.grants.filter(({ signer }) => this.mayGrant(view, signer));
    const counted = grants.map(({ id }) => id).join();
    if (counted === this.counted) return;
    this.counted = counted;
    this.reader.hold(this.held.withRows(grants.flatMap(({ rows }) => rows)));
  }

  private mayGrant(view: View, signer: Hex): boolean {
    const { is } = view.person(signer);
    return is === 'practice' || is === 'member' || (is === 'former' && !view.everFamily(signer));
  }

  private holdsChart(view: View, signer: Hex): boolean {
    const member = view.member(signer);
    if (member) return holdsCompartment(member, 'chart');
    // Who has left, held it or not when granting: the keys open what they open.
    return this.mayGrant(view, signer);
  }

  private async open(event: Event): Promise<GrantRow[] | null> {
    const shape = parsePatientGrant(event);
    if (!shape || shape.reader !== this.signer.publicKey) return null;
    try {
      return rowsOf(shape, JSON.parse(await this.signer.nip44Decrypt(shape.ek, event.content)));
    } catch {
      return null;
    }
  }
}

/** The keys of a grant in the order of its rows; null when there are not as many. */
function rowsOf({ rows }: GrantShape, keys: unknown): GrantRow[] | null {
  if (!Array.isArray(keys) || keys.length !== rows.length) return null;
  const opened = rows.flatMap((row, n) => {
    const key = typeof keys[n] === 'string' ? ConversationKey.fromHex(keys[n]) : null;
    return key ? [{ ...row, key }] : [];
  });
  return opened.length === rows.length ? opened : null;
}

/** The copy of a record that this key opens by itself; null when there is none. */
function payloadFor(me: Hex, event: Event): string | null {
  if (!isClinical(event.kind)) return null;
  switch (tagValue(event, 'enc')) {
    case 'nip44-dual':
      return pTag(event, 1) === me ? tagValue(event, 'patient-content') : null;
    case 'nip44':
      return event.pubkey === me ? event.content : null;
    default:
      return null;
  }
}
