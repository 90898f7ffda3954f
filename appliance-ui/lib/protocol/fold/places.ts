/** Where in a list of items an event stands, and which items of it attach to which. */

import type { Hex } from '../types.ts';
import type { Item, Marker } from './types.ts';

export class Places {
  readonly #placeOf = new Map<Hex, number>();
  readonly #attached = new Set<string>();

  /** With a marker, only such attachments are looked at. */
  constructor(list: readonly Item[], marker: Marker | null = null) {
    for (const [at, item] of list.entries()) {
      for (const { record } of item.versions) {
        for (const id of [record.id, ...record.aliases]) {
          if (!this.#placeOf.has(id)) {
            this.#placeOf.set(id, at);
          }
        }
      }
    }
    for (const [to, item] of list.entries()) {
      for (const attached of item.attached) {
        const from = this.#placeOf.get(attached.id);
        if (from !== undefined && (marker === null || attached.marker === marker)) {
          this.#attached.add(`${from} ${to}`);
        }
      }
    }
  }

  /** The place of the item that holds this event, as a version or as a retry of one. */
  of(id: Hex): number | null {
    return this.#placeOf.get(id) ?? null;
  }

  /** Whether the one item attaches to the other. */
  attaches(from: number, to: number): boolean {
    return this.#attached.has(`${from} ${to}`);
  }
}
