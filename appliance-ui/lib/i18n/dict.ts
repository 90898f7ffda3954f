/**
 * Dictionaries: English gives the shape, Spanish must fill it. A string that is missing or has other
 * parameters in Spanish is a compile error; nothing falls back to English at run time.
 *
 * A word is a string, or a function of what stands in it (so that each language orders and inflects by itself).
 *
 * Spanish says usted to parents and to adults, and tú to a young patient who reads the own record. What differs is
 * written once more, and nothing else; no page mixes the two (a test of each face reads all words).
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

/** Some words of a tree. */
export type Some<T> = {
  readonly [K in keyof T]?: T[K] extends string | readonly string[] | ((...parts: never[]) => string)
    ? T[K]
    : Some<T[K]>;
};

export interface Dict<T extends WordTree> {
  readonly en: Words<T>;
  /** Usted. */
  readonly es: Words<T>;
  /** Tú. */
  readonly tu: Words<T>;
}

export const dict = <const T extends WordTree>(en: T, es: Words<T>, tu: Some<Words<T>> = {}): Dict<T> => ({
  // A tree is its own widening; the compiler cannot see that through the conditional type.
  en: en as unknown as Words<T>,
  es,
  tu: over(es, tu) as Words<T>,
});

type Tree = Readonly<Record<string, unknown>>;
const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The words of a tree with those of another in their places. */
function over(words: unknown, some: unknown): unknown {
  if (!isTree(words) || !isTree(some)) return some ?? words;
  return Object.fromEntries(Object.entries(words).map(([name, word]) => [name, over(word, some[name])]));
}

/** The language of a list of preferences such as `navigator.languages`: Spanish where it comes first, else English. */
export const preferred = (tags: readonly string[]): Lang => {
  const known = tags
    .map((tag) => tag.toLowerCase().split('-')[0])
    .find((tag) => tag === 'en' || tag === 'es');
  return known === 'es' ? 'es' : 'en';
};
