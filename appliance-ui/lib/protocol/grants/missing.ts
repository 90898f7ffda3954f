/**
 * Which 2100s are missing, and which of them one member may write (docs/ref/protocol.md 2.3, 2.7, 2.8.12): whoever
 * writes a subject's first record of an epoch also gives its readers the keys that they miss.
 *
 * Invariants
 *  - No row draws on `confidential`, whatever a link or an agent's grant says.
 *  - Nobody whose link, grant or key has ended, or is suspended, is a reader.
 *  - The first chart rows of a link, and of a C or a new T that somebody without `chart` registered, wait until a
 *    person who holds `chart` has confirmed it.
 */
import type { Keyring } from '../epochs.ts';
import { buildPatientGrant, type GrantRow, ROWS_MAX } from '../grants.ts';
import type { ConversationKey } from '../nip44.ts';
import { holdsCompartment } from '../permissions.ts';
import type { Epoch, Member, Patient, View } from '../policy/types.ts';
import { epochKey } from '../policy/view.ts';
import type { Random } from '../random.ts';
import type { SecretKey } from '../secret.ts';
import type { Compartment, Event, Hex } from '../types.ts';
import { type GrantBook, rowName } from './book.ts';

export { GrantBook } from './book.ts';

/** Compartments whose records stand in a copy for the subject, and so are read by rows. */
const OPEN: readonly Compartment[] = ['desk', 'chart'];

export interface Row {
  readonly epochKey: Hex;
  readonly subject: Hex;
}

/** Rows that one reader misses. */
export interface MissingGrant {
  readonly reader: Hex;
  /** The 2102, 2103, 2104, 2109 or 2110 that gives the right. */
  readonly authority: Hex;
  /** Oldest epoch first. */
  readonly rows: readonly Row[];
}

/** What is missing for one subject, as one member sees it. */
export interface MissingGrants {
  /** This member can and may write these now. */
  readonly write: readonly MissingGrant[];
  /** Chart rows of links and keys that nobody who holds `chart` has confirmed yet. */
  readonly waiting: readonly MissingGrant[];
  /** For other members: this one lacks a key, the compartment, or access to this patient. */
  readonly left: readonly MissingGrant[];
}

/** The member who would write, with the keys in hand. */
export interface Writer {
  readonly key: Hex;
  readonly keyring: Keyring;
  /** Of 2100s to this member: the X2 of epoch 0, which no e yields. */
  readonly rows: readonly GrantRow[];
  /** Links (2104), and registrations (2110) that brought a key, that this person has confirmed on screen, or made. */
  readonly confirmed: readonly Hex[];
}

/** Somebody who reads a subject's open compartments by rows. */
interface Reader {
  readonly key: Hex;
  readonly authority: Hex;
  readonly compartments: readonly Compartment[];
  /** The first chart rows wait for a confirmation: of a link, and of a key that somebody without `chart` brought. */
  readonly waits: boolean;
  /** Rows of epoch 0 only: a member, who holds every other e. */
  readonly formerOnly: boolean;
}

type Wanted = Row & { readonly compartment: Compartment };
type Pile = keyof MissingGrants;

/**
 * What is missing for the patient of `subject` (any T of the line), as `writer` sees it. Nothing for somebody who is
 * no patient.
 *
 * A reader gets rows of every epoch that the writer's keyring reaches, for every T of the line. Of epoch 0 only what
 * the former practice's key has once been drawn for: no e yields it.
 */
export function missingGrants(view: View, book: GrantBook, subject: Hex, writer: Writer): MissingGrants {
  const found: { [pile in Pile]: MissingGrant[] } = { write: [], waiting: [], left: [] };
  const patient = view.patient(subject);
  if (patient === null) return found;
  for (const reader of readersOf(view, patient)) {
    const piles = sortOut(view, book, patient, writer, reader);
    const { key, authority } = reader;
    for (const pile of ['write', 'waiting', 'left'] as const) {
      const rows = piles[pile];
      if (rows.length > 0) found[pile].push({ reader: key, authority, rows });
    }
  }
  return found;
}

/**
 * Signs what `MissingGrants.write` says: 2100s of 250 rows at most. A row whose key the writer does not hold is left
 * out.
 */
export function buildMissing(
  signer: SecretKey,
  grants: readonly MissingGrant[],
  writer: Writer,
  createdAt: number,
  random: Random,
): Event[] {
  return grants.flatMap(({ reader, authority, rows }) => {
    const keyed = rows.flatMap((row) => {
      const key = readerKey(writer, row);
      return key === null ? [] : [{ ...row, key }];
    });
    const events: Event[] = [];
    for (let at = 0; at < keyed.length; at += ROWS_MAX) {
      const part = keyed.slice(at, at + ROWS_MAX);
      events.push(buildPatientGrant(signer, { reader, authority }, part, createdAt, random));
    }
    return events;
  });
}

function readerKey({ keyring, rows }: Writer, { epochKey, subject }: Row): ConversationKey | null {
  const derived = keyring.pairOf(epochKey)?.readerKey(subject);
  if (derived?.ok) return derived.value;
  return rows.find((row) => row.epochKey === epochKey && row.subject === subject)?.key ?? null;
}

function holdsKey({ keyring, rows }: Writer, { epochKey, subject }: Row): boolean {
  const given = rows.some((row) => row.epochKey === epochKey && row.subject === subject);
  return given || keyring.pairOf(epochKey) !== null;
}

/**
 * Everyone who reads this patient by rows, each once: guardians, own key, a T that replaced another one, agents, and
 * for epoch 0 members.
 */
function readersOf(view: View, patient: Patient): Reader[] {
  const { subject, former, own } = patient;
  const reader = (key: Hex, authority: Hex, compartments: readonly Compartment[]): Reader => ({
    key,
    authority,
    compartments: OPEN.filter((compartment) => compartments.includes(compartment)),
    waits: false,
    formerOnly: false,
  });
  const links = view.guardiansOf(subject).filter(({ guardian }) => !view.suspended(guardian));
  const byRegistration = (key: Hex): Reader[] => {
    const brought = view.brought(key);
    return brought === null ? [] : [{ ...reader(key, brought.entry, OPEN), waits: !brought.byChart }];
  };
  const agents = view.agents().filter(({ key }) => !view.suspended(key));
  return [
    ...links.map((link) => ({ ...reader(link.guardian, link.entry, link.compartments), waits: true })),
    // A suspension ends what the patient writes, never what the patient reads.
    ...(own === null || own === subject ? [] : byRegistration(own)),
    ...(former.length === 0 ? [] : byRegistration(subject)),
    ...agents.flatMap((agent) => {
      const authority =
        agent.patients === 'all'
          ? agent.entry
          : agent.patients === 'clients'
            ? clientOf(view, subject)
            : null;
      return authority === null ? [] : [reader(agent.key, authority, agent.compartments)];
    }),
    ...colleagues(view, patient).map(({ key, entry }) => ({ ...reader(key, entry, OPEN), formerOnly: true })),
  ];
}

/** The live 2109 that names this patient; of several the one with the lowest id. */
function clientOf(view: View, subject: Hex): Hex | null {
  const entries = view.clientGrants().flatMap((grant) => (grant.subject === subject ? [grant.entry] : []));
  return entries.sort()[0] ?? null;
}

/** Members who hold `chart` and read this patient; none when nothing was imported. */
function colleagues(view: View, patient: Patient): Member[] {
  if (view.legacyEpoch() === null) return [];
  return view
    .members()
    .filter((member) => holdsCompartment(member, 'chart') && mayRead(view, member.key, patient));
}

function mayRead(view: View, member: Hex, patient: Patient): boolean {
  return !view.suspended(member) && !view.barred(member).includes(patient.subject);
}

function sortOut(
  view: View,
  book: GrantBook,
  patient: Patient,
  writer: Writer,
  reader: Reader,
): { readonly [pile in Pile]: readonly Row[] } {
  const present = book.rowsTo(view, reader.key);
  const all = wanted(view, book, patient, reader);
  const rows = all.filter((row) => !present.has(rowName(row)));
  const unconfirmed = reader.waits && !book.confirmedForChart(view, reader.authority, reader.key);
  if (unconfirmed && !rows.some(({ compartment }) => compartment === 'chart')) {
    // A link or key that was written anew, to somebody who has the keys already: one row says that it is confirmed.
    rows.push(...all.filter(({ compartment }) => compartment === 'chart').slice(-1));
  }
  const member = mayRead(view, writer.key, patient) ? view.member(writer.key) : null;
  const holds = (compartment: Compartment) => member !== null && holdsCompartment(member, compartment);
  const confirms = holds('chart') && writer.confirmed.includes(reader.authority);
  const piles: { [pile in Pile]: Row[] } = { write: [], waiting: [], left: [] };
  for (const { compartment, ...row } of rows) {
    if (compartment === 'chart' && unconfirmed && !confirms) piles.waiting.push(row);
    else piles[holds(compartment) && holdsKey(writer, row) ? 'write' : 'left'].push(row);
  }
  return piles;
}

/** Every row that the reader should have, oldest epoch first. */
function wanted(view: View, book: GrantBook, patient: Patient, reader: Reader): Wanted[] {
  const line = [...patient.former, patient.subject];
  const rows = (epoch: Epoch, compartment: Compartment): Wanted[] => {
    const key = epochKey(epoch, compartment);
    if (key === null) return [];
    const every = line.map((subject) => ({ compartment, epochKey: key, subject }));
    return epoch.n > 0 ? every : every.filter((row) => book.drawn(view, row));
  };
  const epochs = view.epochs().filter(({ n }) => n === 0 || !reader.formerOnly);
  return epochs.flatMap((epoch) => reader.compartments.flatMap((compartment) => rows(epoch, compartment)));
}
