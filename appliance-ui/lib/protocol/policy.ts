/**
 * Policy as a fold over signed events in a given order (docs/ref/protocol.md 2.2 "Order of policy", 2.3, 2.4, 2.7,
 * 2.8, twin of `firmware/protocol/src/policy`). Readers fold in receipt order.
 *
 * Each fact keeps the positions at which it began and ended, so that `at` answers for any earlier position as well
 * as for the newest one.
 */

import { type KeyRole, proofHolds } from './keys.ts';
import { kinds } from './kinds.ts';
import { commit } from './policy/commit.ts';
import { decide } from './policy/decide.ts';
import { Facts } from './policy/facts.ts';
import { parseShape } from './policy/shapes.ts';
import type { Position, View } from './policy/types.ts';
import { PolicyView } from './policy/view.ts';
import type { Refusal } from './refusal.ts';
import type { Event, Hex } from './types.ts';

export type * from './policy/types.ts';

/** Whether `sig` is a proof of possession of `key` for this practice and role. */
export type ProofCheck = (key: Hex, practice: Hex, role: KeyRole, sig: string) => boolean;

/** The state of the practice after some policy events. */
export class Policy {
  readonly #facts: Facts;
  readonly #proves: ProofCheck;

  /** Before the first event; `practice` is P, fixed at claim. */
  constructor(practice: Hex, proves: ProofCheck = proofHolds, facts?: Facts) {
    this.#proves = proves;
    this.#facts = facts ?? new Facts();
    if (facts === undefined) {
      this.#facts.practices.push({ at: 0, key: practice });
      this.#facts.keys.set(practice, { use: { is: 'practice' }, at: 0 });
    }
  }

  /** The same state, which goes its own way from here. */
  clone(): Policy {
    return new Policy('', this.#proves, this.#facts.copy());
  }

  /**
   * Why the event would not count, or null, without applying it: shape, authority, pop, one key one role, sequence,
   * limits. `received` in unix seconds.
   */
  judge(event: Event, at: Position, received: number): Refusal | null {
    const change = decide(this.#facts, this.#proves, event, at, received);
    return change.ok ? null : change.error;
  }

  /**
   * Applies one event of kinds 2102–2110, 2127 if it counts. An event that does not count leaves the state unchanged
   * and says why. An id counts at its first position only.
   *
   * Positions and times never go back: a lower one is taken as the newest.
   */
  apply(event: Event, at: Position, received: number): Refusal | null {
    const change = decide(this.#facts, this.#proves, event, at, received);
    if (!change.ok) return change.error;
    commit(this.#facts, change.value);
    return null;
  }

  /**
   * Says that this T stands as second `p` of an imported event, so that a 2110 with `["legacy"]` may admit it without
   * proof of possession.
   */
  noteImport(subject: Hex): void {
    this.#facts.imported.add(subject);
  }

  /** Whether the event was applied and counted. */
  counted(id: Hex): boolean {
    return this.#facts.counted.has(id);
  }

  /** The newest position at which an event counted. */
  get newest(): Position {
    return this.#facts.newest;
  }

  /**
   * The policy chain whose receipt names this event. A 2108 is placed by what it names, so it must be asked at the
   * state that judges it.
   */
  chainOf(event: Event): 'policy' | 'policy-staff' | null {
    switch (event.kind) {
      case kinds.staffRoster:
      case kinds.serviceAgentGrant:
      case kinds.practiceEpoch:
      case kinds.succession:
        return 'policy';
      case kinds.suspension:
        return this.#suspensionIsPublic(event) ? 'policy' : 'policy-staff';
      case kinds.guardianLink:
      case kinds.fhirClientGrant:
      case kinds.patient:
      case kinds.destruction:
        return 'policy-staff';
    }
    return null;
  }

  /** The view at the newest position; `time` is clamped to the newest `received`. */
  now(time: number): View {
    return new PolicyView(this.#facts, Number.POSITIVE_INFINITY, Math.max(time, this.#facts.floor));
  }

  /** The view at a position and time (`received` of the event judged). */
  at(at: Position, received: number): View {
    return new PolicyView(this.#facts, at, received);
  }

  /** Unscoped suspensions of staff and agents stand in the chain that all members read, and so do their lifts. */
  #suspensionIsPublic(event: Event): boolean {
    const shape = parseShape(event);
    if (shape?.is === 'lift') return this.#facts.suspensions.get(shape.entry)?.public ?? false;
    if (shape?.is !== 'suspend' || shape.named.is !== 'key') return false;
    const use = this.#facts.keys.get(shape.named.key)?.use.is;
    return use === 'staff' || use === 'agent';
  }
}
