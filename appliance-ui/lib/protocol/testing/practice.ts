/**
 * A small practice with its box, for tests: it signs policy, takes records and writes receipts. Every person is a
 * name; its keys are drawn from it.
 */
import { toHex, toUtf8 } from '../bytes.ts';
import { EpochSecret, type NewRecord, sealFamily, sealStaff } from '../envelope.ts';
import { buildGrant } from '../epochs.ts';
import { sign, type Tag } from '../event.ts';
import { type KeyRole, prove, Sealer } from '../keys.ts';
import { isPolicy, kinds } from '../kinds.ts';
import { compartments, holdsCompartment, preticked, type Role, type Word } from '../permissions.ts';
import { Policy } from '../policy.ts';
import { randomSecret } from '../random.ts';
import { clinicalChainOf } from '../receipts.ts';
import type { Refusal } from '../refusal.ts';
import type { SecretKey } from '../secret.ts';
import { keys, random } from '../testing.ts';
import type { Compartment, Event, Hex, Resource } from '../types.ts';
import { Box } from './box.ts';

export const START = 1_780_000_000;

type Epoch = { readonly n: number } & { readonly [of in Compartment]: EpochSecret };

/** What a test says of a record; the rest is ordinary. */
export interface Written {
  readonly kind: number;
  readonly resource: Resource;
  /** Name of the patient. */
  readonly subject: string;
  /** Name of the person in the second `p`: of the patient unless said otherwise. */
  readonly reader?: string | null;
  /** Chart unless said otherwise. */
  readonly compartment?: Compartment;
  readonly r?: Hex;
  readonly sign?: boolean;
  readonly links?: NewRecord['links'];
  readonly extra?: readonly Tag[];
}

export class Practice {
  readonly random = random('practice');
  readonly policy: Policy;
  readonly box: Box;
  now = START;
  /** Policy events. */
  readonly events: Event[] = [];
  /** 2101s. */
  readonly grants: Event[] = [];
  readonly epochs: Epoch[] = [];
  #seq = 0;
  #last: Hex | null = null;
  #ordinal = 0;

  constructor() {
    this.policy = new Policy(this.key('practice'));
    this.box = new Box(keys('box'));
  }

  /**
   * Epoch 1, a doctor, a nurse, an ma and a front desk; "child" with the parent "mother", and "teen" with the own key
   * "own".
   */
  static staffed(): Practice {
    const practice = new Practice();
    practice.rotate();
    for (const [name, role] of [
      ['doctor', 'doctor'],
      ['nurse', 'nurse'],
      ['ma', 'ma'],
      ['desk', 'frontdesk'],
    ] as const) {
      practice.hire(name, role);
    }
    practice.take(practice.patient('child'));
    practice.take(practice.patient('teen', { own: 'own' }));
    practice.take(practice.link('child', 'mother'));
    practice.now += 100;
    return practice;
  }

  key(name: string): Hex {
    return keys(name).publicKey;
  }

  /** The pair of the newest epoch. */
  pair(compartment: Compartment): EpochSecret {
    const newest = this.epochs.at(-1);
    if (newest === undefined) throw new Error('no epoch');
    return newest[compartment];
  }

  /** Everything that a reader is given beside records. */
  get material(): readonly Event[] {
    return [...this.events, ...this.box.receipts];
  }

  // Policy.

  /** Takes a policy event that must count; of a registration the box writes the desk receipt first. */
  take(event: Event): Event {
    const refusal = this.tryTake(event);
    if (refusal !== null) throw new Error(`refused: ${refusal}`);
    return event;
  }

  /** Takes a policy event if it counts. */
  tryTake(event: Event): Refusal | null {
    const chain = this.policy.chainOf(event);
    if (chain === null) throw new Error('no event of policy');
    const refusal = this.policy.judge(event, this.#ordinal + 1, this.now);
    if (refusal !== null) return refusal;
    if (event.kind === kinds.patient) this.receive(event);
    this.#ordinal += 1;
    this.policy.apply(event, this.#ordinal, this.now);
    this.events.push(event);
    this.box.write({ is: chain }, null, [{ id: event.id, received: this.now, import: false }], this.now);
    return null;
  }

  /** Signs with the practice key. */
  ceremony(kind: number, tags: readonly Tag[], content = ''): Event {
    this.#seq += 1;
    const prev = this.#last === null ? [] : [['prev', this.#last]];
    const all = [...tags, ['seq', `${this.#seq}`], ...prev];
    const event = sign(keys('practice'), kind, all, content, this.now);
    this.#last = event.id;
    return event;
  }

  #pop(name: string, role: KeyRole): Tag {
    return ['pop', this.key(name), prove(keys(name), this.key('practice'), role, this.random)];
  }

  /** A 2105 with fresh keys; the members of staff get no grants of it. */
  rotate(grace: 0 | 600 = 600, box = 'box'): Event {
    const n = this.epochs.length + 1;
    const fresh = () => new EpochSecret(randomSecret(this.random));
    const epoch: Epoch = { n, desk: fresh(), chart: fresh(), confidential: fresh() };
    const before = this.epochs.at(-1);
    const sealed = (name: string) => compartments.map((of): Tag => [name, of, 'sealed']);
    const tags: Tag[] = [
      ['n', `${n}`],
      ...compartments.map((of): Tag => ['p', epoch[of].public, of]),
      ['v', this.key('escrow')],
      ['box', this.key(box), 'receipts'],
      ['box', this.key('audit'), 'audit'],
      ['ek', this.key('once')],
      ...sealed('sealed'),
      ...(before === undefined ? [] : sealed('keyring')),
      ['grace', `${grace}`],
      ...(n === 1 ? [['next', '11'.repeat(32)]] : []),
    ];
    const event = this.ceremony(kinds.practiceEpoch, tags);
    this.epochs.push(epoch);
    this.box.secret = keys(box);
    return this.take(event);
  }

  /** Epoch 0 of a former practice. */
  importEpoch(former: Hex, signers: readonly Hex[]): Event {
    const tags: Tag[] = [
      ['n', '0'],
      ['p', former, 'chart'],
      ...signers.map((signer) => ['signer', signer]),
      ['ek', this.key('once')],
      ['sealed', 'chart', 'sealed'],
    ];
    return this.take(this.ceremony(kinds.practiceEpoch, tags));
  }

  roster(
    name: string,
    role: Role,
    words: readonly Word[] = preticked(role),
    more: readonly Tag[] = [],
  ): Event {
    const tags: Tag[] = [
      ['p', this.key(name), role, words.join(',')],
      ['from', `${this.now}`],
      ...more,
      this.#pop(name, 'staff'),
    ];
    return this.ceremony(kinds.staffRoster, tags);
  }

  /** A 2102 and the 2101 of the newest epoch. */
  hire(name: string, role: Role, words: readonly Word[] = preticked(role)): void {
    this.take(this.roster(name, role, words));
    this.grant(
      name,
      compartments.filter((of) => holdsCompartment({ role, words }, of)),
    );
  }

  grant(name: string, of: readonly Compartment[]): void {
    const { n } = this.epochs.at(-1) ?? { n: 0 };
    const secrets = new Map(of.map((compartment) => [compartment, this.pair(compartment).secret]));
    this.grants.push(buildGrant(keys('practice'), this.key(name), n, secrets, this.now, this.random));
  }

  /** The 2101 of epoch 0. */
  grantLegacy(name: string, x1: Uint8Array): void {
    const sealer = new Sealer(this.random);
    const text = JSON.stringify({ legacy: toHex(x1) });
    const content = sealer.seal(this.key(name), toUtf8(text), this.random);
    const tags: Tag[] = [
      ['p', this.key(name)],
      ['n', '0'],
      ['ek', sealer.ek],
    ];
    this.grants.push(sign(keys('practice'), kinds.practiceKeyGrant, tags, content, this.now));
  }

  agent(
    name: string,
    service: string,
    of: readonly number[],
    places: readonly Compartment[],
    patients: string,
  ): Event {
    const tags: Tag[] = [
      ['p', this.key(name), 'agent', service],
      ['kinds', ...of.map(String)],
      ['compartments', ...places],
      ['patients', patients],
      this.#pop(name, 'agent'),
    ];
    return this.ceremony(kinds.serviceAgentGrant, tags);
  }

  link(
    child: string,
    guardian: string,
    places: readonly Compartment[] = ['desk', 'chart'],
    { by = 'desk', more = [] }: { readonly by?: string; readonly more?: readonly Tag[] } = {},
  ): Event {
    const tags: Tag[] = [
      ['p', this.key(child), 'child'],
      ['p', this.key(guardian), 'guardian'],
      ['compartments', ...places],
      ...more,
      this.#pop(guardian, 'guardian'),
      ['epoch', `${this.epochs.length}`],
    ];
    return this.#by(by, kinds.guardianLink, tags, 'sealed');
  }

  #by(name: string, kind: number, tags: readonly Tag[], content = ''): Event {
    return name === 'practice'
      ? this.ceremony(kind, tags, content)
      : sign(keys(name), kind, tags, content, this.now);
  }

  /** A 2108 by what its tags name. */
  suspension(by: string, ...tags: readonly Tag[]): Event {
    return this.#by(by, kinds.suspension, tags);
  }

  client(by: string, client: string, subject: string): Event {
    const tags: Tag[] = [
      ['client', client],
      ['p', this.key(subject)],
      ['jwk', 'thumbprint'],
      ['scope', 'patient/*.rs'],
      ['until', `${this.now + 86_400}`],
    ];
    return this.#by(by, kinds.fhirClientGrant, tags, 'sealed');
  }

  patient(
    name: string,
    {
      own,
      rekey,
      pop = true,
      by = 'desk',
    }: { own?: string; rekey?: string; pop?: boolean; by?: string } = {},
  ): Event {
    const extra: Tag[] = [
      ...(pop ? [this.#pop(name, 'subject')] : []),
      ...(own === undefined ? [] : [['own', this.key(own)]]),
      ...(own === undefined || own === name ? [] : [this.#pop(own, 'own')]),
      ...(rekey === undefined ? [] : [['rekey', this.key(rekey)]]),
    ];
    const resource = { resourceType: 'Patient', id: 'p', active: true };
    return this.staff(by, { kind: kinds.patient, resource, subject: name, compartment: 'desk', extra });
  }

  // Records.

  #record(written: Written): NewRecord {
    const { kind, resource, subject, r = toHex(this.random()), sign: signs = false } = written;
    const { links = [], extra = [] } = written;
    return { kind, resource, subject: this.key(subject), r, sign: signs, links, extra, createdAt: this.now };
  }

  /** A record in the form of staff. */
  staff(by: string, written: Written): Event {
    const { compartment = 'chart', reader = written.subject } = written;
    const place = {
      practice: this.policy.now(0).practice(),
      epoch: this.pair(compartment),
      reader: reader === null ? null : this.key(reader),
      confidential: compartment === 'confidential',
    };
    return sealStaff(keys(by), place, this.#record(written), this.random);
  }

  /** A record in the form of a family; a visit names its patient. */
  family(by: string, written: Written): Event {
    const { compartment = 'chart' } = written;
    const place = {
      practice: this.policy.now(0).practice(),
      epochKey: this.pair(compartment).public,
      secondP: written.kind === kinds.visit ? this.key(written.subject) : null,
      confidential: compartment === 'confidential',
    };
    return sealFamily(keys(by), place, this.#record(written), this.random);
  }

  /** Writes the receipt of records that arrive now, all in the chain of the first. */
  receive(first: Event, ...more: readonly Event[]): Event {
    const view = this.policy.now(this.now);
    const chain = clinicalChainOf((key) => view.compartmentOf(key), first);
    if (chain?.is !== 'clinical') throw new Error('the first p is no epoch key');
    const rows = [first, ...more].map(({ id, kind }) => ({
      id,
      received: this.now,
      import: !isPolicy(kind) && kind < 2_000,
    }));
    return this.box.write(chain, this.pair(chain.compartment).public, rows, this.now);
  }
}

/** The secret of a name, for what a practice does not do. */
export function secretOfName(name: string): SecretKey {
  return keys(name);
}
