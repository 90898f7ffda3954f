/**
 * How this library says that something failed. Readers of foreign input never throw: they answer with a
 * `Result`, or null where there is one way to fail. Writers throw a `ProtocolError`: what they are given is
 * their caller's own.
 */

export type Result<T, E extends string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function fail<E extends string>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}

/** The value, or null. */
export function orNull<T, E extends string>(result: Result<T, E>): T | null {
  return result.ok ? result.value : null;
}

/** A writer's failure. `code` is one of the codes of the module that failed; the text names no content. */
export class ProtocolError<E extends string = string> extends Error {
  readonly code: E;

  constructor(code: E) {
    super(`protocol: ${code}`);
    this.name = 'ProtocolError';
    this.code = code;
  }
}

/** The value; throws a `ProtocolError` with the result's code. */
export function orThrow<T, E extends string>(result: Result<T, E>): T {
  if (!result.ok) throw new ProtocolError(result.error);
  return result.value;
}
