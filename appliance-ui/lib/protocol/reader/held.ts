/** The keys a reader holds (docs/ref/protocol.md 1 "Conversation keys", 2.8.12). */
import type { EpochSecret } from '../envelope.ts';
import type { Keyring } from '../epochs.ts';
import type { GrantRow } from '../grants.ts';
import { type ConversationKey, ConversationKeys } from '../nip44.ts';
import type { SecretKey } from '../secret.ts';
import type { Hex } from '../types.ts';

/**
 * Keys in the hands of one reader. A member has a keyring; patient, own key and guardian have their secret and the
 * rows of 2100s to them; an agent may have all of these.
 */
export class Held {
  readonly #secret: SecretKey | null;
  readonly #keyring: Keyring | null;
  readonly #rows: readonly GrantRow[];
  readonly #byName = new Map<string, ConversationKey[]>();
  readonly #derived = new ConversationKeys();

  private constructor(secret: SecretKey | null, keyring: Keyring | null, rows: readonly GrantRow[]) {
    this.#secret = secret;
    this.#keyring = keyring;
    this.#rows = rows;
    for (const { epochKey, subject, key } of rows) {
      const name = epochKey + subject;
      this.#byName.set(name, [...(this.#byName.get(name) ?? []), key]);
    }
  }

  static nothing(): Held {
    return new Held(null, null, []);
  }

  /** A member (or an agent with 2101s). */
  static staff(keyring: Keyring): Held {
    return new Held(null, keyring, []);
  }

  /** A patient, an own key, a guardian or an agent. */
  static person(secret: SecretKey): Held {
    return new Held(secret, null, []);
  }

  withRows(rows: readonly GrantRow[]): Held {
    return new Held(this.#secret, this.#keyring, [...this.#rows, ...rows]);
  }

  withKeyring(keyring: Keyring): Held {
    return new Held(this.#secret, keyring, this.#rows);
  }

  /** The key pair of this E, if held. */
  epoch(epochKey: Hex): EpochSecret | null {
    return this.#keyring?.pairOf(epochKey) ?? null;
  }

  /** X1 of epoch 0, if granted. */
  legacy(): ConversationKey | null {
    return this.#keyring?.legacy() ?? null;
  }

  /** conv(e, reader) by own secret (the reader is the holder) or by 2100 rows. */
  readerKeys(epochKey: Hex, reader: Hex): readonly ConversationKey[] {
    const rows = this.#byName.get(epochKey + reader) ?? [];
    if (this.#secret === null || this.#secret.publicKey !== reader) return rows;
    const own = this.#derived.of(this.#secret, epochKey);
    return own.ok ? [own.value, ...rows] : rows;
  }
}
