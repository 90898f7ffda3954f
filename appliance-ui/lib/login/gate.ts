/**
 * Pages that ask for the person's own key again although the session is open: whoever finds a computer that somebody
 * left for a minute must not change who works here, or take a backup away. Faces name the area of such a page and call
 * `pass` before they show it or act; `watch` tells them when to hide it again.
 *
 * Invariants
 *  - One proof opens the area it was given for, and no other, for five minutes from the proof, used or not.
 *  - What proves is the key of this session: another person's security key opens nothing.
 *  - A clock that was set back gives no time: the area is closed.
 */
import type { Hex } from '../protocol/types.ts';
import type { Clock } from '../relay/clock.ts';
import { SessionError } from '../session/api.ts';
import { open, type Paired } from './pairing.ts';
import type { Authenticator } from './passkey.ts';

export const areas = ['staff', 'agents', 'backup', 'keys'] as const;
/** Staff management, service agents, backup and restore, the pages of keys. */
export type Area = (typeof areas)[number];

export const GATE_MS = 5 * 60_000;

export interface GateOptions {
  /** The key of the session. */
  readonly me: Hex;
  /** Asks for the key again; gives the public key of what opened. Rejects when the person says no. */
  readonly prove: () => Promise<Hex>;
  readonly clock: Clock;
}

/** Asks by any of the security keys that open the staff key under this host name. */
export function proveBy(here: Authenticator, host: string, paired: readonly Paired[]): GateOptions['prove'] {
  return async () => (await open(here, host, paired)).secret.publicKey;
}

export class Gate {
  private readonly options: GateOptions;
  private readonly proved = new Map<Area, { readonly at: number; readonly cancel: () => void }>();
  private readonly asked = new Map<Area, Promise<void>>();
  private readonly watchers = new Set<(area: Area) => void>();
  /** Counts closings: a proof that was asked for before one opens nothing after it. */
  private closings = 0;
  /** The latest moment that this gate has seen. */
  private latest = Number.NEGATIVE_INFINITY;

  constructor(options: GateOptions) {
    this.options = options;
  }

  isOpen(area: Area): boolean {
    const now = this.options.clock.now();
    if (now < this.latest) this.close();
    this.latest = now;
    const proved = this.proved.get(area);
    if (proved !== undefined && now >= proved.at + GATE_MS) this.lock(area);
    return this.proved.has(area);
  }

  /** Resolves when the area is open: at once, or after the key was shown. Rejects as `prove` does, or `wrong-key`. */
  async pass(area: Area): Promise<void> {
    if (this.isOpen(area)) return;
    const asked = this.asked.get(area) ?? this.ask(area).finally(() => this.asked.delete(area));
    this.asked.set(area, asked);
    await asked;
  }

  /** Tells each area that closes, until the returned function is called. */
  watch(closed: (area: Area) => void): () => void {
    this.watchers.add(closed);
    return () => this.watchers.delete(closed);
  }

  /** All areas close at once: the session is locked, or the page is left. */
  close(): void {
    this.closings += 1;
    for (const area of [...this.proved.keys()]) this.lock(area);
  }

  private async ask(area: Area): Promise<void> {
    const { closings } = this;
    const key = await this.options.prove();
    if (closings !== this.closings) throw new SessionError('locked', 'closed meanwhile');
    if (key !== this.options.me) throw new SessionError('wrong-key', 'this security key is of somebody else');
    const { clock } = this.options;
    const at = clock.now();
    this.latest = at;
    // A timer may come a little early, and nobody asks a second time.
    this.proved.set(area, { at, cancel: clock.after(GATE_MS + 1, () => this.isOpen(area)) });
  }

  private lock(area: Area): void {
    this.proved.get(area)?.cancel();
    this.proved.delete(area);
    for (const closed of [...this.watchers]) closed(area);
  }
}
