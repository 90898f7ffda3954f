/** Sets of places that are joined two by two. A set is called by its lowest place. */
export class Unions {
  readonly #parent = new Map<number, number>();

  /** The lowest place of the set to which this place belongs. */
  of(place: number): number {
    let root = place;
    for (let next = this.#parent.get(root); next !== undefined; next = this.#parent.get(root)) {
      root = next;
    }
    // Shortens the way, so that long chains stay cheap.
    for (let here = place; here !== root; ) {
      const next = this.#parent.get(here) ?? root;
      this.#parent.set(here, root);
      here = next;
    }
    return root;
  }

  join(one: number, other: number): void {
    const [a, b] = [this.of(one), this.of(other)];
    if (a !== b) {
      this.#parent.set(Math.max(a, b), Math.min(a, b));
    }
  }
}
