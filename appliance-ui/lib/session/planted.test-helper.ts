/**
 * What a lying relay adds to the real events of a family, for tests. Nothing of it may be shown, end an access or
 * open one; most of it stands beside real receipts of the real box.
 */
import { sign } from '../protocol/event.ts';
import { buildPatientGrant } from '../protocol/grants.ts';
import { SecretKey } from '../protocol/keys.ts';
import { kinds } from '../protocol/kinds.ts';
import { ConversationKey } from '../protocol/nip44.ts';
import { keys, random } from '../protocol/testing.ts';
import type { Event, Hex } from '../protocol/types.ts';
import type { Box, DemoPerson } from '../relay/box.test-helper.ts';
import { all, connected } from './staff.test-helper.ts';

/** Every kind of a practice. */
export const EVERYTHING = Array.from({ length: 30 }, (_, n) => 2100 + n);

/** Whom no practice knows. */
export const stranger = keys('a stranger');

/** A guardian, and all that the box shows to this key. */
export interface Family {
  readonly secret: SecretKey;
  /** The first child. */
  readonly child: Hex;
  readonly events: readonly Event[];
}

/** Reads everything that a guardian of the demo may read. */
export async function familyOf(
  box: Pick<Box, 'address'>,
  person: DemoPerson & { readonly secret: string },
): Promise<Family> {
  const secret = SecretKey.fromHex(person.secret);
  if (!secret) throw new Error('no key');
  const client = await connected(box, person.secret);
  const events = await all(client, { kinds: EVERYTHING });
  client.stop();
  return { secret, child: person.children[0] ?? '', events };
}

export const isReceipt = ({ kind }: Event): boolean => kind === kinds.receipt;
export const tagOf = (event: Event, name: string): string | undefined =>
  event.tags.find((tag) => tag[0] === name)?.[1];
/** Whether a receipt names an event. */
export const names = (receipt: Event, { id }: Event): boolean =>
  isReceipt(receipt) && receipt.tags.some(([, named]) => named === id);

/** The same with one key in place of another, under the old id and signature. */
export const retagged = (event: Event, from: string, to: string): Event => ({
  ...event,
  tags: event.tags.map((tag) => tag.map((cell) => (cell === from ? to : cell))),
});

const must = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new Error(`no ${what}`);
  return value;
};

/** A record of this kind about the child. */
export const recordOf = ({ events, child }: Family, kind: number): Event =>
  must(
    events.find((event) => event.kind === kind && event.tags.some(([, key]) => key === child)),
    'record',
  );

export const linkOf = ({ events }: Family): Event =>
  must(
    events.find(({ kind }) => kind === kinds.guardianLink),
    'link',
  );

/**
 * Another child's measurement, moved here: by new tags, by a new signature, with its real receipt and with one that
 * names this child.
 */
export function transplant(
  from: Family,
  to: Family,
): { readonly moved: Event; readonly all: readonly Event[] } {
  const real = recordOf(from, kinds.observation);
  const receipts = from.events.filter((event) => names(event, real));
  const moved = retagged(real, from.child, to.child);
  const signed = sign(stranger, real.kind, moved.tags, moved.content, real.created_at);
  const forged = receipts.map((event) => retagged(event, from.child, to.child));
  return { moved, all: [real, moved, signed, ...receipts, ...forged] };
}

/** What somebody who has left writes now, with receipts that the leaver has made. */
export function lateRecord(leaver: SecretKey, family: Family, now: number): readonly [Event, ...Event[]] {
  const real = recordOf(family, kinds.observation);
  const late = sign(leaver, real.kind, real.tags, real.content, Math.floor(now));
  const last = must(
    family.events.find((event) => names(event, real)),
    'receipt',
  );
  const rows = last.tags.map((tag) => (tag[1] === real.id ? [tag[0] ?? '', late.id, tag[2] ?? ''] : tag));
  return [late, sign(leaver, kinds.receipt, rows, '', last.created_at), { ...last, tags: rows }];
}

/** Links that nobody at the practice has signed: to another child, and one that ends the true one. */
export function forgedLinks(family: Family, other: Hex, now: number): readonly Event[] {
  const link = linkOf(family);
  const tags = retagged(link, family.child, other).tags;
  const ended = [...link.tags, ['end']];
  return [
    sign(stranger, link.kind, tags, link.content, Math.floor(now)),
    sign(family.secret, link.kind, tags, link.content, Math.floor(now)),
    sign(stranger, link.kind, ended, link.content, Math.floor(now)),
    { ...link, tags: ended },
  ];
}

/** A grant of false keys for the child, from a stranger (2100). */
export function forgedGrant(family: Family, now: number): Event {
  const rows = family.events
    .filter(({ kind }) => kind === kinds.patientKeyGrant)
    .flatMap(({ tags }) => tags.filter(([name]) => name === 'row'))
    .map(([, epochKey = '', subject = '']) => ({
      epochKey,
      subject,
      key: ConversationKey.fromBytes(new Uint8Array(32).fill(7)),
    }));
  const to = { reader: family.secret.publicKey, authority: family.events[0]?.id ?? '' };
  return buildPatientGrant(stranger, to, rows, Math.floor(now), random('grant'));
}
