/** What one member can open: granted secrets, and the walk back along the keyrings. */
import { fromUtf8 } from '../bytes.ts';
import { EpochSecret } from '../envelope.ts';
import { numberFromText, tagValue } from '../event.ts';
import { parseStrict } from '../json.ts';
import { extractLabelled, openSealed } from '../keys.ts';
import { kinds } from '../kinds.ts';
import { ConversationKey, secretFromText } from '../nip44.ts';
import { compartments, parseCompartment } from '../permissions.ts';
import { keyFromHex, SecretKey } from '../secret.ts';
import type { Compartment, Event, Hex } from '../types.ts';
import { type EpochShape, keyOf, parse } from './shape.ts';

/** One pair held. */
export interface Held {
  readonly n: number;
  readonly compartment: Compartment;
  readonly pair: EpochSecret;
}

/**
 * All epoch secrets a member can reach: from 2101 events addressed to it and the keyrings of the 2105 events, walked
 * back. Checks e·G = E for each.
 */
export class Keyring {
  readonly #held: Held[] = [];
  #legacy: ConversationKey | null = null;

  private constructor() {}

  /**
   * `epochs` are the counted 2105 events in any order, `grants` the 2101 to this member. A grant or keyring row that
   * does not open or does not fit its E is left out.
   */
  static collect(member: SecretKey, epochs: readonly Event[], grants: readonly Event[]): Keyring {
    const shapes = new Map<number, EpochShape>();
    for (const event of epochs) {
      const shape = parse(event);
      if (shape !== null) shapes.set(shape.n, shape);
    }
    const keyring = new Keyring();
    for (const grant of grants) keyring.#takeGrant(member, grant, shapes);
    const newestFirst = [...shapes.values()].sort((a, b) => b.n - a.n);
    for (const shape of newestFirst) keyring.#walkBack(shape, shapes);
    const rank = (row: Held) => compartments.indexOf(row.compartment);
    keyring.#held.sort((a, b) => a.n - b.n || rank(a) - rank(b));
    return keyring;
  }

  /** The key pair of this E, if held. */
  pairOf(epochKey: Hex): EpochSecret | null {
    return this.#held.find(({ pair }) => pair.public === epochKey)?.pair ?? null;
  }

  newest(compartment: Compartment): EpochSecret | null {
    return this.#held.findLast((row) => row.compartment === compartment)?.pair ?? null;
  }

  /** Every pair held, oldest first. */
  pairs(): readonly Held[] {
    return this.#held;
  }

  /** X1 of epoch 0, if granted. Nothing proves it but an imported event that it opens. */
  legacy(): ConversationKey | null {
    return this.#legacy;
  }

  #holds(n: number, compartment: Compartment): EpochSecret | null {
    return this.#held.find((row) => row.n === n && row.compartment === compartment)?.pair ?? null;
  }

  #add(n: number, compartment: Compartment, pair: EpochSecret | null): void {
    if (pair !== null && this.#holds(n, compartment) === null) this.#held.push({ n, compartment, pair });
  }

  #takeGrant(member: SecretKey, grant: Event, shapes: ReadonlyMap<number, EpochShape>): void {
    const rows = openGrant(member, grant);
    if (rows === null) return;
    if (rows.n === 0) {
      const legacy = rows.secrets.get('legacy');
      this.#legacy = legacy === undefined ? null : ConversationKey.fromHex(legacy);
      return;
    }
    const shape = shapes.get(rows.n);
    if (shape === undefined) return;
    for (const [name, secret] of rows.secrets) {
      const compartment = parseCompartment(name);
      if (compartment === null) continue;
      this.#add(rows.n, compartment, matching(SecretKey.fromHex(secret), keyOf(shape, compartment)));
    }
  }

  /** From e(n) to e(n−1) in each compartment that is held. */
  #walkBack(shape: EpochShape, shapes: ReadonlyMap<number, EpochShape>): void {
    const before = shapes.get(shape.n - 1);
    if (before === undefined) return;
    for (const { compartment, payload } of shape.keyring) {
      const pair = this.#holds(shape.n, compartment);
      const text = pair && keyringKey(pair.secret).decrypt(payload);
      const secret = text?.ok ? secretFromText(text.value) : null;
      this.#add(before.n, compartment, matching(secret, keyOf(before, compartment)));
    }
  }
}

/** What a 2101 says to its member: secrets by compartment, or `legacy` for epoch 0. */
function openGrant(
  member: SecretKey,
  grant: Event,
): { readonly n: number; readonly secrets: ReadonlyMap<string, string> } | null {
  if (grant.kind !== kinds.practiceKeyGrant) return null;
  const n = numberFromText(tagValue(grant, 'n'));
  const ek = keyFromHex(tagValue(grant, 'ek') ?? undefined);
  if (n === null || ek === null) return null;
  const opened = openSealed(member, ek, grant.content);
  const text = opened.ok ? fromUtf8(opened.value) : null;
  const rows = text === null ? null : parseStrict(text, 1);
  if (rows === null) return null;
  const secrets = new Map<string, string>();
  for (const [name, secret] of Object.entries(rows)) {
    if (typeof secret !== 'string') return null;
    secrets.set(name, secret);
  }
  return { n, secrets };
}

/** The pair if `secret` is the secret of E: e·G = E. */
function matching(secret: SecretKey | null, epochKey: Hex | null): EpochSecret | null {
  return secret !== null && secret.publicKey === epochKey ? new EpochSecret(secret) : null;
}

/**
 * The key of the keyring: HKDF-extract-SHA256(salt "relaybox/keyring/1", ikm e(n)) as a NIP-44 conversation key. It is
 * drawn from e, so a mere reader of X1 cannot walk back.
 */
export function keyringKey(secret: SecretKey): ConversationKey {
  return ConversationKey.fromBytes(extractLabelled('relaybox/keyring/1', secret.bytes()));
}
