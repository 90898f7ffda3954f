/**
 * The strict body rules (docs/ref/protocol.md 2.1): well-formed UTF-8 without BOM, one JSON object without duplicate
 * keys, a FHIR R4 resource, exactly one binding. How numbers are read: `json.ts`. What a body's digits were stands
 * in its bytes, which the commitment covers; the parsed resource is for reading.
 */
import { fromUtf8, toHex, toUtf8 } from './bytes.ts';
import { numberFromText } from './event.ts';
import { isObject, parseStrict, writeJson } from './json.ts';
import { labelledHash } from './keys.ts';
import { PLAINTEXT_BYTES_MAX } from './nip44.ts';
import { fail, ok, ProtocolError, type Result } from './result.ts';
import { keyFromHex } from './secret.ts';
import type { Hex, Resource } from './types.ts';

export const BINDING_URL = 'urn:relaybox:binding:1';
/** A confidential body is padded with spaces to a multiple of this many bytes. */
export const PADDING_BYTES = 4_096;
/** Deepest nesting of objects and arrays in a body. */
export const DEPTH_MAX = 64;
const BLANK = 0x20;

/** The parsed binding: `"<signer> <T> <kind> <E> <P> <r>"`. */
export interface Binding {
  readonly signer: Hex;
  readonly subject: Hex;
  /** The true kind. */
  readonly kind: number;
  readonly epochKey: Hex;
  readonly practice: Hex;
  readonly r: Hex;
}

export function bindingText(binding: Binding): string {
  const { signer, subject, kind, epochKey, practice, r } = binding;
  return `${signer} ${subject} ${kind} ${epochKey} ${practice} ${r}`;
}

/** The exact spelling of `bindingText` only. */
export function parseBinding(text: string): Binding | null {
  const parts = text.split(' ');
  const [signer, subject, epochKey, practice, r] = [0, 1, 3, 4, 5].map((at) => keyFromHex(parts[at]));
  const kind = numberFromText(parts[2]);
  if (parts.length !== 6 || kind === null || kind > 0xffff) return null;
  if (!signer || !subject || !epochKey || !practice || !r) return null;
  return { signer, subject, kind, epochKey, practice, r };
}

/** A body that keeps the rules. */
export interface Body {
  readonly resource: Resource;
  readonly binding: Binding;
}

/** Why a body is refused. All are reason `body` for a reader. */
export type BodyError = 'utf8' | 'json' | 'resource-type' | 'binding' | 'size' | 'padding';

/** Parses the exact bytes of a body. */
export function parse(bytes: Uint8Array): Result<Body, BodyError> {
  if (bytes.length > PLAINTEXT_BYTES_MAX) return fail('size');
  const text = fromUtf8(bytes);
  if (text === null || text.startsWith('\ufeff')) return fail('utf8');
  const resource = parseStrict(text, DEPTH_MAX);
  if (resource === null) return fail('json');
  if (!isResource(resource)) return fail('resource-type');
  const binding = bindingOf(resource);
  return binding === null ? fail('binding') : ok({ resource, binding });
}

/** Parses the body of a kind 2123: a multiple of `PADDING_BYTES` long. */
export function parseConfidential(bytes: Uint8Array): Result<Body, BodyError> {
  return bytes.length % PADDING_BYTES === 0 ? parse(bytes) : fail('padding');
}

/**
 * Writes the binding into `resource.meta.extension` (an existing one is an error) and serialises, keys in order.
 * With `pad` the result is padded with spaces to the next multiple of 4,096. Throws a `ProtocolError<BodyError>`.
 */
export function write(resource: Resource, binding: Binding, pad: boolean): Uint8Array {
  const refuse = (code: BodyError) => new ProtocolError<BodyError>(code);
  if (!isResource(resource)) throw refuse('resource-type');
  const meta = resource.meta === undefined ? {} : resource.meta;
  if (!isObject(meta)) throw refuse('json');
  const extensions = meta.extension === undefined ? [] : meta.extension;
  if (!Array.isArray(extensions)) throw refuse('json');
  if (extensions.some(isBinding)) throw refuse('binding');
  const own = { url: BINDING_URL, valueString: bindingText(binding) };
  const text = writeJson({ ...resource, meta: { ...meta, extension: [...extensions, own] } });
  const bytes = toUtf8(text);
  const size = pad ? Math.ceil(bytes.length / PADDING_BYTES) * PADDING_BYTES : bytes.length;
  if (size > PLAINTEXT_BYTES_MAX) throw refuse('size');
  const padded = new Uint8Array(size).fill(BLANK);
  padded.set(bytes);
  return padded;
}

/** hex(SHA-256("relaybox/pc/1" ‖ 0x00 ‖ body)). */
export function commitment(body: Uint8Array): Hex {
  return toHex(labelledHash('relaybox/pc/1', body));
}

/** The one FHIR type of each true kind (docs/ref/protocol.md 2.8.4). */
const TYPES: ReadonlyMap<number, string> = new Map([
  [2110, 'Patient'],
  [2111, 'Encounter'],
  [2112, 'MedicationRequest'],
  [2113, 'Observation'],
  [2114, 'Condition'],
  [2115, 'AllergyIntolerance'],
  [2116, 'Immunization'],
  [2117, 'Communication'],
  [2118, 'ServiceRequest'],
  [2119, 'DiagnosticReport'],
  [2120, 'MedicationRequest'],
  [2121, 'DocumentReference'],
  [2126, 'Appointment'],
]);
const NAMED = new Set(TYPES.values());

/**
 * Whether a true kind may carry this FHIR type: one type for most kinds, any for 2125, any that has no kind of its
 * own for 2124.
 */
export function typeFits(kind: number, resourceType: string): boolean {
  if (kind === 2124) return !NAMED.has(resourceType);
  return kind === 2125 || TYPES.get(kind) === resourceType;
}

/** The shape of a FHIR type name: a capital letter, then letters. */
function isResource(resource: { readonly resourceType?: unknown }): resource is Resource {
  const name = resource.resourceType;
  return typeof name === 'string' && /^[A-Z][A-Za-z]{0,63}$/.test(name);
}

function isBinding(extension: unknown): boolean {
  return isObject(extension) && extension.url === BINDING_URL;
}

function bindingOf(resource: Resource): Binding | null {
  const meta = resource.meta;
  const extensions = isObject(meta) ? meta.extension : null;
  const bindings = Array.isArray(extensions) ? extensions.filter(isBinding) : [];
  const text: unknown = bindings.length === 1 ? bindings[0]?.valueString : null;
  return typeof text === 'string' ? parseBinding(text) : null;
}
