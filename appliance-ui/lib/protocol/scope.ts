/**
 * Who may read what (docs/ref/protocol.md 3, twin of `firmware/protocol/src/scope`): a scope is a union of branches
 * over index keys, so that it can be part of a query plan and be checked on each event.
 */
import { type IndexKey, indexKeys } from './event.ts';
import type { View } from './policy/types.ts';
import { type Branch, scopeOf } from './scope/plan.ts';
import type { Event, Hex } from './types.ts';

export type { Branch } from './scope/plan.ts';

/** What a set of authenticated keys may read: the union of the branches. No branch: nothing. */
export class Scope {
  readonly branches: readonly Branch[];

  private constructor(branches: readonly Branch[]) {
    this.branches = branches;
  }

  /** The scope of one authenticated key in this view. Keys add up: several keys on one socket have the union. */
  static of(view: View, key: Hex): Scope {
    return new Scope(scopeOf(view, key));
  }

  union(other: Scope): Scope {
    return new Scope([...this.branches, ...other.branches]);
  }

  /** Whether this event may be delivered. */
  permits(event: Event, keys: readonly IndexKey[] = indexKeys(event)): boolean {
    return this.branches.some((branch) => branchPermits(branch, event, keys));
  }
}

/** Whether this branch alone covers the event. */
function branchPermits(branch: Branch, event: Event, keys: readonly IndexKey[]): boolean {
  const any = (set: ReadonlySet<IndexKey>) => keys.some((key) => set.has(key));
  return (
    (branch.keys.size === 0 || any(branch.keys)) &&
    (branch.kinds?.has(event.kind) ?? true) &&
    (branch.ids?.has(event.id) ?? true) &&
    branch.also.every(any) &&
    !any(branch.except)
  );
}
