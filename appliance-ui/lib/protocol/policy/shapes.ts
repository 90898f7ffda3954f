/**
 * The exact tag shapes of policy kinds (docs/ref/protocol.md 2.7). Unknown tag names are refused, so that a
 * restriction that this version does not know is never overlooked.
 */
import { keyOf, parse as parseEpoch } from '../epochs.ts';
import { numberFromText } from '../event.ts';
import { kinds } from '../kinds.ts';
import { compartmentsInOrder } from '../order.ts';
import { mayHold, parseRole, words } from '../permissions.ts';
import { keyFromHex } from '../secret.ts';
import type { Compartment, Event, Hex } from '../types.ts';
import type { AgentTerms, ClientTerms, LinkTerms, Roster } from './facts.ts';

/** A `["pop", key, sig]` tag. */
export interface Proof {
  readonly holder: Hex;
  readonly sig: string;
}

/** What a 2108 names. */
export type Named =
  | { readonly is: 'key'; readonly key: Hex }
  | { readonly is: 'client'; readonly client: string }
  | { readonly is: 'link'; readonly entry: Hex }
  | { readonly is: 'bar'; readonly member: Hex; readonly subject: Hex };

export interface EpochTerms {
  readonly n: number;
  readonly keys: { readonly [of in Compartment]: Hex };
  readonly escrow: Hex;
  readonly receipts: Hex;
  readonly audit: Hex;
  readonly grace: number;
  readonly next: Hex | null;
}

export interface PatientTerms {
  readonly epochKey: Hex;
  readonly subject: Hex;
  readonly own: Hex | null;
  readonly rekey: Hex | null;
  readonly legacy: boolean;
  readonly proofs: readonly Proof[];
}

interface Granting {
  readonly end: boolean;
  readonly proofs: readonly Proof[];
}

export type Shape =
  | ({ readonly is: 'roster'; readonly member: Hex; readonly terms: Roster } & Granting)
  | ({ readonly is: 'agent'; readonly agent: Hex; readonly terms: AgentTerms } & Granting)
  | ({
      readonly is: 'link';
      readonly child: Hex;
      readonly guardian: Hex;
      readonly terms: LinkTerms;
    } & Granting)
  | { readonly is: 'epoch'; readonly terms: EpochTerms }
  | { readonly is: 'legacy-epoch'; readonly key: Hex; readonly signers: readonly Hex[] }
  | { readonly is: 'share'; readonly recipient: Hex; readonly ids: readonly Hex[]; readonly until: number }
  | { readonly is: 'invitation'; readonly hash: Hex; readonly until: number }
  | { readonly is: 'disclosure-end'; readonly entry: Hex }
  | { readonly is: 'succession'; readonly practice: Hex; readonly next: Hex }
  | { readonly is: 'suspend'; readonly named: Named }
  | { readonly is: 'lift'; readonly entry: Hex }
  | {
      readonly is: 'client';
      readonly client: string;
      readonly subject: Hex | null;
      readonly terms: ClientTerms;
      readonly end: boolean;
    }
  | { readonly is: 'patient'; readonly terms: PatientTerms }
  | { readonly is: 'destruction'; readonly ids: readonly Hex[] };

/** Ids in one 2106 or 2127. */
const IDS_MAX = 1_000;

/** Parses one event of kinds 2102–2110 and 2127; null when it has not the shape of its kind. */
export function parseShape(event: Event): Shape | null {
  return orNull(() => parse(event));
}

/** `seq` of a P-signed event, or null for none; `prev`, when there, must be an id. Undefined: not the shape. */
export function sequenceOf(event: Event): number | null | undefined {
  const read = () => {
    const fields = new Fields(event);
    fields.key('prev');
    return { seq: fields.number('seq') };
  };
  return orNull(read)?.seq;
}

const BAD = new Error('not the shape of its kind');

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error === BAD) return null;
    throw error;
  }
}

function need<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw BAD;
  return value;
}

function check(holds: boolean): void {
  if (!holds) throw BAD;
}

function parse(event: Event): Shape {
  const fields = new Fields(event);
  switch (event.kind) {
    case kinds.staffRoster:
      return roster(fields);
    case kinds.serviceAgentGrant:
      return agent(fields);
    case kinds.guardianLink:
      return link(fields);
    case kinds.practiceEpoch:
      return epoch(event);
    case kinds.disclosure:
      return disclosure(fields);
    case kinds.succession:
      return succession(fields);
    case kinds.suspension:
      return suspension(fields);
    case kinds.fhirClientGrant:
      return client(fields);
    case kinds.patient:
      return patient(fields);
    case kinds.destruction: {
      fields.only(['e', 'seq', 'prev']);
      return { is: 'destruction', ids: listOfIds(fields) };
    }
  }
  throw BAD;
}

function listOfIds(fields: Fields): readonly Hex[] {
  const ids = fields.all('e').map((tag) => need(tag.length === 2 ? keyFromHex(tag[1]) : null));
  check(ids.length >= 1 && ids.length <= IDS_MAX);
  return ids;
}

function roster(fields: Fields): Shape {
  fields.only(['p', 'from', 'until', 'end', 'name', 'replaces', 'pop', 'epoch', 'seq', 'prev']);
  const [, member, said, named] = cells(fields.exactlyOne('p'), 4);
  const role = parseRole(said);
  const wanted = new Set(named?.split(','));
  const held = words.filter((word) => role !== null && wanted.has(word) && mayHold(role, word));
  const name = fields.value('name');
  // A front desk's name stands under the desk key only.
  check(name === null || role !== 'frontdesk');
  const terms: Roster = {
    role,
    words: held,
    name,
    from: need(fields.number('from')),
    until: fields.number('until'),
    replaces: fields.key('replaces'),
  };
  return { is: 'roster', member: need(keyFromHex(member)), terms, ...granting(fields) };
}

function granting(fields: Fields): Granting {
  return { end: fields.flag('end'), proofs: fields.proofs() };
}

const SERVICES: readonly string[] = ['fhir', 'billing', 'scheduling', 'mail'];
const PATIENTS = ['none', 'clients', 'all'] as const;

function agent(fields: Fields): Shape {
  fields.only(['p', 'kinds', 'compartments', 'patients', 'until', 'end', 'pop', 'seq', 'prev']);
  const [, key, word, service = ''] = cells(fields.exactlyOne('p'), 4);
  const said = need(fields.value('patients'));
  const patients = need(PATIENTS.find((known) => known === said));
  check(word === 'agent' && SERVICES.includes(service));
  const named = fields
    .exactlyOne('kinds')
    .slice(1)
    .map((kind) => {
      const number = need(numberFromText(kind));
      check(number <= 0xffff);
      return number;
    });
  const terms: AgentTerms = {
    service,
    kinds: [...new Set(named)].sort((one, other) => one - other),
    compartments: fields.compartments(),
    patients,
    until: fields.number('until'),
  };
  return { is: 'agent', agent: need(keyFromHex(key)), terms, ...granting(fields) };
}

function link(fields: Fields): Shape {
  fields.only(['p', 'compartments', 'until', 'end', 'pop', 'epoch', 'seq', 'prev']);
  const [first, second, ...more] = fields.all('p');
  const [, child, childWord] = cells(need(first), 3);
  const [, guardian, guardianWord] = cells(need(second), 3);
  const compartments = fields.compartments();
  check(more.length === 0 && childWord === 'child' && guardianWord === 'guardian' && compartments.length > 0);
  // Whoever reads the chart reads the visits as well.
  const terms: LinkTerms = {
    compartments: compartmentsInOrder([...compartments, 'desk']),
    until: fields.number('until'),
  };
  const parties = { child: need(keyFromHex(child)), guardian: need(keyFromHex(guardian)) };
  return { is: 'link', ...parties, terms, ...granting(fields) };
}

function epoch(event: Event): Shape {
  const shape = need(parseEpoch(event));
  const of = (compartment: Compartment) => need(keyOf(shape, compartment));
  if (shape.n === 0) return { is: 'legacy-epoch', key: of('chart'), signers: shape.signers };
  check(shape.grace === 0 || shape.grace === 600);
  const keys = { desk: of('desk'), chart: of('chart'), confidential: of('confidential') };
  const { n, grace, next } = shape;
  const boxes = { receipts: need(shape.receiptsBox), audit: need(shape.auditBox) };
  return { is: 'epoch', terms: { n, keys, escrow: need(shape.escrow), ...boxes, grace, next } };
}

function disclosure(fields: Fields): Shape {
  fields.only(['invite', 'until', 'p', 'e', 'x']);
  const count = (name: string) => fields.all(name).length;
  const hash = fields.key('invite');
  if (hash !== null) {
    const until = need(fields.number('until'));
    check(count('p') + count('e') + count('x') === 0);
    return { is: 'invitation', hash, until };
  }
  if (count('p') === 0) {
    const [, id, , marker] = cells(fields.exactlyOne('e'), 4);
    check(count('until') + count('x') === 0 && marker === 'end');
    return { is: 'disclosure-end', entry: need(keyFromHex(id)) };
  }
  const [, recipient] = cells(fields.exactlyOne('p'), 2);
  const ids = listOfIds(fields);
  check(count('x') <= 1);
  return { is: 'share', recipient: need(keyFromHex(recipient)), ids, until: need(fields.number('until')) };
}

function succession(fields: Fields): Shape {
  fields.only(['p', 'e', 'next', 'seq', 'prev']);
  const [, practice] = cells(fields.exactlyOne('p'), 2);
  need(fields.key('e'));
  return { is: 'succession', practice: need(keyFromHex(practice)), next: need(fields.key('next')) };
}

function suspension(fields: Fields): Shape {
  fields.only(['p', 'client', 'e', 'lift', 'seq', 'prev']);
  const [person, scope, ...more] = fields.all('p');
  const named = [fields.value('client'), fields.value('e'), fields.value('lift')] as const;
  const [client, entry, lift] = named;
  const ways = [person ?? null, ...named].filter((way) => way !== null);
  check(ways.length === 1 && more.length === 0);
  if (client !== null) return { is: 'suspend', named: { is: 'client', client } };
  if (entry !== null) return { is: 'suspend', named: { is: 'link', entry: need(keyFromHex(entry)) } };
  if (lift !== null) return { is: 'lift', entry: need(keyFromHex(lift)) };
  const [, who] = cells(need(person), 2);
  const key = need(keyFromHex(who));
  if (scope === undefined) return { is: 'suspend', named: { is: 'key', key } };
  const [, subject, word] = cells(scope, 3);
  check(word === 'scope');
  return { is: 'suspend', named: { is: 'bar', member: key, subject: need(keyFromHex(subject)) } };
}

function client(fields: Fields): Shape {
  fields.only([
    'client',
    'p',
    'jwk',
    'key',
    'scope',
    'until',
    'end',
    'patients',
    'export',
    'epoch',
    'seq',
    'prev',
  ]);
  const id = need(fields.value('client'));
  const subject = fields.key('p');
  const all = fields.value('patients');
  const exports = fields.flag('export');
  const [thumbprint, key] = [fields.value('jwk'), fields.key('key')];
  check(id !== '' && (thumbprint === null) !== (key === null));
  const whole = all === 'all';
  check((subject === null) === whole && (all === null || whole) && (!exports || whole));
  const terms: ClientTerms = {
    scopes: fields.all('scope').flatMap((tag) => tag.slice(1)),
    key: key === null ? { is: 'jwk', value: thumbprint ?? '' } : { is: 'key', value: key },
    until: need(fields.number('until')),
    export: exports,
  };
  return { is: 'client', client: id, subject, terms, end: fields.flag('end') };
}

function patient(fields: Fields): Shape {
  const [first, second, ...more] = fields.all('p');
  const [, epochKey] = cells(need(first), 2);
  const [, subject] = cells(need(second), 2);
  check(more.length === 0);
  const terms: PatientTerms = {
    epochKey: need(keyFromHex(epochKey)),
    subject: need(keyFromHex(subject)),
    own: fields.key('own'),
    rekey: fields.key('rekey'),
    legacy: fields.flag('legacy'),
    proofs: fields.proofs(),
  };
  return { is: 'patient', terms };
}

type Cells = readonly string[];

function cells(tag: Cells, count: number): Cells {
  check(tag.length === count);
  return tag;
}

/** Tags by name, each read strictly. Every method throws `BAD` for what is not the shape. */
class Fields {
  readonly #event: Event;

  constructor(event: Event) {
    this.#event = event;
  }

  only(names: readonly string[]): void {
    check(this.#event.tags.every((tag) => names.includes(tag[0] ?? '')));
  }

  all(name: string): readonly Cells[] {
    return this.#event.tags.filter((tag) => tag[0] === name);
  }

  atMostOne(name: string): Cells | null {
    const [hit, ...more] = this.all(name);
    check(more.length === 0);
    return hit ?? null;
  }

  exactlyOne(name: string): Cells {
    return need(this.atMostOne(name));
  }

  /** The value of a tag of two elements. */
  value(name: string): string | null {
    const tag = this.atMostOne(name);
    return tag === null ? null : need(cells(tag, 2)[1]);
  }

  flag(name: string): boolean {
    const tag = this.atMostOne(name);
    check(tag === null || tag.length === 1);
    return tag !== null;
  }

  number(name: string): number | null {
    const text = this.value(name);
    return text === null ? null : need(numberFromText(text));
  }

  /** A key, an id or a hash: 64 lower-case hex characters. */
  key(name: string): Hex | null {
    const text = this.value(name);
    return text === null ? null : need(keyFromHex(text));
  }

  /** Never `confidential` for agents and links. */
  compartments(): readonly Compartment[] {
    const named = this.exactlyOne('compartments').slice(1);
    const read = named.map((word) => need(SHARED.find((known) => known === word)));
    return compartmentsInOrder(read);
  }

  proofs(): readonly Proof[] {
    return this.all('pop').map((tag) => {
      const [, holder, sig] = cells(tag, 3);
      return { holder: need(keyFromHex(holder)), sig: need(sig) };
    });
  }
}

const SHARED: readonly Compartment[] = ['desk', 'chart'];
