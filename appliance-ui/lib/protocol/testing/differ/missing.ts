/** The TypeScript side of `tests/src/differ/missing.rs`: which 2100s are missing, as each member sees it. */
import { Keyring } from '../../epochs.ts';
import { pTag } from '../../event.ts';
import { GrantBook, type MissingGrant, missingGrants } from '../../grants/missing.ts';
import { kinds } from '../../kinds.ts';
import { ConversationKey } from '../../nip44.ts';
import { Policy } from '../../policy.ts';
import { SecretKey } from '../../secret.ts';
import type { Event, Hex } from '../../types.ts';

export interface MissingInput {
  readonly practice: Hex;
  readonly steps: readonly { readonly event: Event; readonly at: number; readonly received: number }[];
  readonly grants: readonly Event[];
  readonly stored: readonly Event[];
  readonly confirmed: readonly Hex[];
  readonly writers: readonly Hex[];
  readonly former: readonly [Hex, Hex] | null;
  readonly subjects: readonly Hex[];
  readonly time: number;
}

export function missingAnswer(input: MissingInput): unknown {
  const policy = new Policy(input.practice);
  const epochs: Event[] = [];
  for (const { event, at, received } of input.steps) {
    const counts = policy.apply(event, at, received) === null;
    if (counts && event.kind === kinds.practiceEpoch) epochs.push(event);
  }
  const book = new GrantBook();
  for (const event of input.stored) book.add(event);
  const view = policy.now(input.time);
  const key = ConversationKey.fromBytes(new Uint8Array(32).fill(1));
  const rows = input.former === null ? [] : [{ epochKey: input.former[0], subject: input.former[1], key }];
  return input.writers.map((hex) => {
    const secret = SecretKey.fromHex(hex);
    if (secret === null) throw new Error('a writer is no secret key');
    const mine = input.grants.filter((grant) => pTag(grant, 0) === secret.publicKey);
    const keyring = Keyring.collect(secret, epochs, mine);
    const writer = { key: secret.publicKey, keyring, rows, confirmed: input.confirmed };
    return input.subjects.map((subject) => {
      const { write, waiting, left } = missingGrants(view, book, subject, writer);
      return { write: write.map(list), waiting: waiting.map(list), left: left.map(list) };
    });
  });
}

function list({ reader, authority, rows }: MissingGrant): unknown {
  return [reader, authority, rows.map(({ epochKey, subject }) => [epochKey, subject])];
}
