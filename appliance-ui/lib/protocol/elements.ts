/** Reading of JSON whose shape nobody has promised: a step that does not fit gives undefined. */

/** The value at a path of member names and list places. Inherited members do not count. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    if (here === null || typeof here !== 'object') {
      return undefined;
    }
    const fits = typeof step === 'number' ? Array.isArray(here) : !Array.isArray(here);
    if (!fits || !Object.hasOwn(here, step)) {
      return undefined;
    }
    here = (here as { readonly [key: string | number]: unknown })[step];
  }
  return here;
}

/** The text at a path, or null. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string | null {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : null;
}

/** The list at a path; empty when there is none. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** Whether two JSON values say the same; the order of members says nothing. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) {
    return true;
  }
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') {
    return false;
  }
  if (Array.isArray(one) || Array.isArray(other)) {
    const lists = Array.isArray(one) && Array.isArray(other) && one.length === other.length;
    return lists && one.every((value, n) => sameJson(value, other[n]));
  }
  const names = Object.keys(one);
  const fits = names.length === Object.keys(other).length;
  return (
    fits && names.every((name) => Object.hasOwn(other, name) && sameJson(at(one, name), at(other, name)))
  );
}
