/**
 * JSON as the contract reads it (RFC 8259; docs/ref/protocol.md 2.1, 2.8): no duplicate keys at any depth, bounded
 * depth, no lone surrogates, no text behind the value. `JSON.parse` takes the last of two equal keys without a
 * word; two readers that pick different ones would show two different records.
 *
 * Numbers are read as the nearest IEEE 754 double, as every mature reader does (RFC 8259, 6): 1.10 and 1.1 are one
 * value, digits beyond the sixteenth are lost, and a number beyond the doubles is refused. Nothing of the contract
 * compares bodies by number: commitments and retries are over bytes.
 */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** One JSON object, at most `depthMax` objects and arrays deep; null for anything else. */
export function parseStrict(text: string, depthMax: number): JsonObject | null {
  return parse(text, depthMax, false);
}

/** The same, whose numbers are all integers from 0 to 2^53 − 1 without sign, fraction and exponent. */
export function parseStrictUnsigned(text: string, depthMax: number): JsonObject | null {
  return parse(text, depthMax, true);
}

/** Any JSON value by the same rules; undefined when there is none. */
export function parseStrictValue(text: string, depthMax: number): Json | undefined {
  return read(text, depthMax, false);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON without blanks, keys in the order of their code points: one value has one text. */
export function writeJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => compareText(a, b));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${writeJson(member)}`).join(',')}}`;
}

/** The order of code points, which is also that of UTF-8 bytes; `<` compares UTF-16 units. */
export function compareText(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let at = 0; at < left.length && at < right.length; at += 1) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function parse(text: string, depthMax: number, unsigned: boolean): JsonObject | null {
  const value = read(text, depthMax, unsigned);
  return isObject(value) ? value : null;
}

function read(text: string, depthMax: number, unsigned: boolean): Json | undefined {
  // Text that came as bytes is well-formed already; text from a script may not be.
  if (!text.isWellFormed()) return undefined;
  try {
    return new Reader(text, unsigned).whole(depthMax);
  } catch (error) {
    if (error === BAD) return undefined;
    throw error;
  }
}

const BAD = new Error('not strict JSON');
const BLANKS = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: raw control characters end a run.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const UNSIGNED = /^(?:0|[1-9][0-9]*)$/;
const FOUR_HEX = /[0-9a-fA-F]{4}/y;
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;
const ESCAPES: { readonly [letter: string]: string } = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Reader {
  readonly #text: string;
  readonly #unsigned: boolean;
  #at = 0;

  constructor(text: string, unsigned: boolean) {
    this.#text = text;
    this.#unsigned = unsigned;
  }

  whole(depthLeft: number): Json {
    const value = this.#value(depthLeft);
    this.#blanks();
    if (this.#at !== this.#text.length) throw BAD;
    return value;
  }

  #value(depthLeft: number): Json {
    this.#blanks();
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first === '{') return this.#object(depthLeft - 1);
    if (first === '[') return this.#array(depthLeft - 1);
    for (const [word, value] of WORDS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #object(depthLeft: number): JsonObject {
    if (depthLeft < 0) throw BAD;
    const object: { [key: string]: Json } = {};
    this.#at += 1;
    for (let first = true; !this.#closes('}', first); first = false) {
      this.#blanks();
      if (this.#text[this.#at] !== '"') throw BAD;
      const key = this.#string();
      if (Object.hasOwn(object, key)) throw BAD;
      this.#blanks();
      this.#take(':');
      const value = this.#value(depthLeft);
      // An assignment to this one name would set the prototype.
      if (key === '__proto__') Object.defineProperty(object, key, { value, ...OWN });
      else object[key] = value;
    }
    return object;
  }

  #array(depthLeft: number): Json[] {
    if (depthLeft < 0) throw BAD;
    const array: Json[] = [];
    this.#at += 1;
    for (let first = true; !this.#closes(']', first); first = false) array.push(this.#value(depthLeft));
    return array;
  }

  /** Takes the closing bracket, or the comma before the next member. */
  #closes(bracket: string, first: boolean): boolean {
    this.#blanks();
    if (this.#text[this.#at] === bracket) {
      this.#at += 1;
      return true;
    }
    if (!first) this.#take(',');
    return false;
  }

  #string(): string {
    this.#at += 1;
    let value = this.#match(PLAIN);
    for (;;) {
      const next = this.#text[this.#at];
      this.#at += 1;
      if (next === '"') break;
      if (next !== '\\') throw BAD;
      value += this.#escape();
      value += this.#match(PLAIN);
    }
    if (!value.isWellFormed()) throw BAD;
    return value;
  }

  #escape(): string {
    const letter = this.#text[this.#at] ?? '';
    this.#at += 1;
    if (letter === 'u') {
      const digits = this.#match(FOUR_HEX);
      if (digits === '') throw BAD;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (plain === undefined) throw BAD;
    return plain;
  }

  #number(): number {
    const token = this.#match(NUMBER);
    const value = token === '' ? Number.NaN : Number(token);
    const fits = this.#unsigned
      ? UNSIGNED.test(token) && Number.isSafeInteger(value)
      : Number.isFinite(value);
    if (!fits) throw BAD;
    return value;
  }

  #blanks(): void {
    this.#match(BLANKS);
  }

  #take(character: string): void {
    if (this.#text[this.#at] !== character) throw BAD;
    this.#at += 1;
  }

  /** What the sticky expression matches here, or nothing. */
  #match(expression: RegExp): string {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}

const OWN = { writable: true, enumerable: true, configurable: true } as const;
