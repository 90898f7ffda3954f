/**
 * Dictionaries: English gives the shape, Spanish must fill it. A string that is missing or has other
 * parameters in Spanish is a compile error; nothing falls back to English at run time.
 *
 * A word is a string, or a function of what stands in it (so that each language orders and inflects by itself).
 */
export type Lang = 'en' | 'es';
export const langs = ['en', 'es'] as const satisfies readonly Lang[];

// biome-ignore lint/suspicious/noExplicitAny: parameters are inferred per entry; `never` would refuse every call.
type Word = string | ((...parts: any[]) => string) | readonly string[];
export interface WordTree {
  readonly [name: string]: Word | WordTree;
}

/** The same tree with every literal widened: what the other language has to provide. */
export type Words<T> = T extends string
  ? string
  : T extends (...parts: infer P) => string
    ? (...parts: P) => string
    : { readonly [K in keyof T]: Words<T[K]> };

export interface Dict<T extends WordTree> {
  readonly en: Words<T>;
  readonly es: Words<T>;
}

export const dict = <const T extends WordTree>(en: T, es: Words<T>): Dict<T> => ({
  // A tree is its own widening; the compiler cannot see that through the conditional type.
  en: en as unknown as Words<T>,
  es,
});

/** The language of a list of preferences such as `navigator.languages`: Spanish where it comes first, else English. */
export const preferred = (tags: readonly string[]): Lang => {
  const known = tags
    .map((tag) => tag.toLowerCase().split('-')[0])
    .find((tag) => tag === 'en' || tag === 'es');
  return known === 'es' ? 'es' : 'en';
};
