/**
 * What the fold remembers: for each replacing key the versions that counted, oldest first, each with the position
 * and time at which it began.
 *
 * Invariant: a value in a map is never changed, only replaced; so a copy of the maps is a copy of the facts.
 */
import type { Word } from '../permissions.ts';
import type { Compartment, Hex } from '../types.ts';
import type { Agent, Epoch, LiveShare, Position, Role } from './types.ts';

/** The one role of a key. It never changes. */
export type KeyUse =
  | { readonly is: 'practice' | 'escrow' | 'box' | 'staff' | 'agent' | 'guardian' }
  | { readonly is: 'epoch'; readonly compartment: Compartment }
  /** T, or C, of the line that began with this T. */
  | { readonly is: 'subject' | 'own'; readonly root: Hex };

/** A key's role and the position from which it has it. */
export interface Registered {
  readonly use: KeyUse;
  readonly at: Position;
}

/** When a version began. */
export interface Began {
  readonly at: Position;
  /** Unix seconds. */
  readonly received: number;
  readonly entry: Hex;
  /** The practice key signed it. */
  readonly byPractice: boolean;
  /** It ends what the versions before it gave. */
  readonly end: boolean;
}

/** Versions of one replacing key, oldest first. */
export type Timeline<T> = readonly { readonly began: Began; readonly terms: T }[];

/** The newest version that began at or before the position. */
export function newestAt<T>(timeline: Timeline<T>, at: Position): Timeline<T>[number] | null {
  return timeline.findLast(({ began }) => began.at <= at) ?? null;
}

export interface Roster {
  /** Null: a word that is no role, which gives no right. */
  readonly role: Role | null;
  readonly words: readonly Word[];
  readonly name: string | null;
  readonly from: number;
  readonly until: number | null;
  readonly replaces: Hex | null;
}

export type AgentTerms = Pick<Agent, 'service' | 'kinds' | 'compartments' | 'patients' | 'until'>;

export interface LinkTerms {
  readonly compartments: readonly Compartment[];
  readonly until: number | null;
}

/** One guardian's link to one line of subjects. */
export interface LinkLine {
  readonly root: Hex;
  readonly versions: Timeline<LinkTerms>;
  readonly suspended: readonly Span[];
}

export interface Registration {
  readonly subject: Hex;
  readonly own: Hex | null;
  /** Its signer held `chart`. */
  readonly byChart: boolean;
}

/** One patient through all rekeys. */
export interface PatientLine {
  readonly versions: Timeline<Registration>;
  /** Everyone who ever had a link. */
  readonly guardians: readonly Hex[];
}

/** A suspension from its position until it is lifted. */
export interface Span {
  readonly entry: Hex;
  readonly from: Position;
  readonly to: Position | null;
}

export function spanHolds(span: Span, at: Position): boolean {
  return span.from <= at && (span.to === null || at < span.to);
}

/** What a 2108 names. */
export type Target =
  | { readonly is: 'key'; readonly key: Hex }
  | { readonly is: 'client'; readonly client: string }
  | { readonly is: 'link'; readonly root: Hex; readonly guardian: Hex }
  | { readonly is: 'bar'; readonly member: Hex; readonly root: Hex };

export interface Suspended {
  readonly target: Target;
  /** In the chain that all members read. */
  readonly public: boolean;
  readonly lifted: boolean;
}

export interface ClientTerms {
  readonly scopes: readonly string[];
  readonly key: { readonly is: 'jwk' | 'key'; readonly value: string };
  readonly until: number;
  readonly export: boolean;
}

/** Grants of one client for one patient, or for all. */
export interface ClientLine {
  readonly root: Hex | null;
  readonly versions: Timeline<ClientTerms>;
}

export interface ShareFact {
  readonly share: LiveShare;
  readonly at: Position;
  readonly ended: Position | null;
}

export interface InvitationFact {
  readonly entry: Hex;
  readonly author: Hex;
  readonly until: number;
  readonly at: Position;
  readonly ended: Position | null;
}

/** Where a 2106 stands, so that its end finds it. */
export type DisclosurePlace =
  | { readonly is: 'share'; readonly recipient: Hex }
  | { readonly is: 'invitation'; readonly hash: Hex };

/** All facts. */
export class Facts {
  readonly keys = new Map<Hex, Registered>();
  readonly practices: { readonly at: Position; readonly key: Hex }[] = [];
  next: Hex | null = null;
  readonly epochs: Epoch[] = [];
  legacy: Epoch | null = null;
  readonly members = new Map<Hex, Timeline<Roster>>();
  readonly agents = new Map<Hex, Timeline<AgentTerms>>();
  readonly lines = new Map<Hex, PatientLine>();
  /** By guardian. */
  readonly links = new Map<Hex, readonly LinkLine[]>();
  /** 2104 id → root and guardian. */
  readonly linkEntries = new Map<Hex, { readonly root: Hex; readonly guardian: Hex }>();
  readonly keySpans = new Map<Hex, readonly Span[]>();
  readonly clientSpans = new Map<string, readonly Span[]>();
  readonly bars = new Map<Hex, readonly { readonly root: Hex; readonly span: Span }[]>();
  readonly suspensions = new Map<Hex, Suspended>();
  /** 2108s of the chain that all members read, lifts included. */
  readonly publicSuspensions: { readonly at: Position; readonly id: Hex }[] = [];
  /** Newest suspensions of each admin by `received`, as many as the limit counts. */
  readonly byAdmin = new Map<Hex, readonly number[]>();
  readonly clients = new Map<string, readonly ClientLine[]>();
  /** By recipient. */
  readonly shares = new Map<Hex, readonly ShareFact[]>();
  readonly invitations = new Map<Hex, InvitationFact>();
  readonly disclosures = new Map<Hex, { readonly author: Hex; readonly place: DisclosurePlace }>();
  readonly destroyed = new Map<Hex, Position>();
  readonly imported = new Set<Hex>();
  /** Ids that counted. */
  readonly counted = new Set<Hex>();
  /** `seq` of the last counted P-signed event of each chain. */
  seqPublic: number | null = null;
  seqStaff: number | null = null;
  newest: Position = 0;
  /** Newest `received`. */
  floor = 0;

  copy(): Facts {
    const copy = new Facts();
    for (const name of MAPS) copyMap(this[name], copy[name]);
    for (const id of this.imported) copy.imported.add(id);
    for (const id of this.counted) copy.counted.add(id);
    copy.practices.push(...this.practices);
    copy.epochs.push(...this.epochs);
    copy.publicSuspensions.push(...this.publicSuspensions);
    const { next, legacy, seqPublic, seqStaff, newest, floor } = this;
    return Object.assign(copy, { next, legacy, seqPublic, seqStaff, newest, floor });
  }
}

const MAPS = [
  'keys',
  'members',
  'agents',
  'lines',
  'links',
  'linkEntries',
  'keySpans',
  'clientSpans',
  'bars',
  'suspensions',
  'byAdmin',
  'clients',
  'shares',
  'invitations',
  'disclosures',
  'destroyed',
] as const satisfies readonly (keyof Facts)[];

function copyMap(from: ReadonlyMap<string, unknown>, to: Map<string, unknown>): void {
  for (const [key, value] of from) to.set(key, value);
}
