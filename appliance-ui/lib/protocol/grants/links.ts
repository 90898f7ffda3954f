/** 2104 GuardianLink and its end, by a member with `register` (docs/ref/protocol.md 2.7). P signs its own in the vault. */
import { toUtf8 } from '../bytes.ts';
import type { EpochSecret } from '../envelope.ts';
import { sign, type Tag } from '../event.ts';
import { writeJson } from '../json.ts';
import { kinds } from '../kinds.ts';
import type { Random } from '../random.ts';
import { orThrow } from '../result.ts';
import type { SecretKey } from '../secret.ts';
import type { Compartment, Event, Hex } from '../types.ts';

/** X1 of desk as the writer knows it: the newest epoch's number and pair (2.8.10). */
export interface Desk {
  readonly n: number;
  readonly pair: EpochSecret;
}

/** Parts of a 2104. No secret stands in it. */
export interface LinkEntry {
  /** T. */
  readonly child: Hex;
  /** G. */
  readonly guardian: Hex;
  /** `desk`, or `desk` and `chart`. */
  readonly compartments: readonly Compartment[];
  /** Unix seconds. */
  readonly until: number | null;
  /** Signature of `prove` with role `guardian`. */
  readonly pop: string;
  readonly name: string;
  readonly relationship: string;
  readonly desk: Desk;
  readonly createdAt: number;
}

export function buildLink(signer: SecretKey, entry: LinkEntry, random: Random): Event {
  const { child, guardian, compartments, until, pop, name, relationship, desk, createdAt } = entry;
  const text = toUtf8(writeJson({ name, relationship }));
  const content = orThrow(desk.pair.practiceKey().encrypt(text, random));
  const tags: Tag[] = [
    ['p', child, 'child'],
    ['p', guardian, 'guardian'],
    ['compartments', ...compartments],
    ...(until === null ? [] : [['until', `${until}`]]),
    ['pop', guardian, pop],
    ['epoch', `${desk.n}`],
  ];
  return sign(signer, kinds.guardianLink, tags, content, createdAt);
}

/** The same event again with `["end"]`. */
export function buildLinkEnd(signer: SecretKey, link: Event, createdAt: number): Event {
  const kept = link.tags.filter(([name]) => name !== 'end' && name !== 'seq' && name !== 'prev');
  const isLast = ([name]: Tag) => name === 'pop' || name === 'epoch';
  const tags = [...kept.filter((tag) => !isLast(tag)), ['end'], ...kept.filter(isLast)];
  return sign(signer, kinds.guardianLink, tags, link.content, createdAt);
}
