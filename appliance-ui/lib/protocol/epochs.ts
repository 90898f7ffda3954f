/**
 * Practice epochs: 2105 and 2101 (docs/ref/protocol.md 2.3, 2.7), keyring and its walk back. A 2105 is signed in the
 * vault alone, which also holds v: nothing here builds one or opens what it carries sealed to V.
 */
import { toUtf8 } from './bytes.ts';
import { sign } from './event.ts';
import { writeJson } from './json.ts';
import { Sealer } from './keys.ts';
import { kinds } from './kinds.ts';
import type { Random } from './random.ts';
import type { SecretKey } from './secret.ts';
import type { Compartment, Event, Hex } from './types.ts';

export { type Held, Keyring } from './epochs/keyring.ts';
export { type EpochShape, keyOf, parse, type Sealed, type Sequence } from './epochs/shape.ts';

/**
 * A signed 2101 by a rostered holder of what it delivers: the secrets of the compartments the member's role may have,
 * sealed to the member.
 */
export function buildGrant(
  signer: SecretKey,
  member: Hex,
  n: number,
  secrets: ReadonlyMap<Compartment, SecretKey>,
  createdAt: number,
  random: Random,
): Event {
  const rows = Object.fromEntries([...secrets].map(([compartment, secret]) => [compartment, secret.toHex()]));
  const sealer = new Sealer(random);
  const content = sealer.seal(member, toUtf8(writeJson(rows)), random);
  const tags = [
    ['p', member],
    ['n', `${n}`],
    ['ek', sealer.ek],
  ];
  return sign(signer, kinds.practiceKeyGrant, tags, content, createdAt);
}
