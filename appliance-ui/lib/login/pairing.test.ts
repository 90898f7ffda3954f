import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { concatBytes, toHex, toUtf8 } from '../protocol/bytes.ts';
import { keys } from '../protocol/testing.ts';
import type { Hex } from '../protocol/types.ts';
import { bytesOf, rows, secretOf, vectors } from '../protocol/vectors.ts';
import { credential } from './credential.test-helper.ts';
import { open, PAIRED_MAX, type Paired, PairingError, pair, unwrap, without, wrap } from './pairing.ts';
import type { Authenticator } from './passkey.ts';

interface File {
  readonly input: string;
  readonly salts: readonly { readonly input: Hex; readonly salt: Hex }[];
  readonly answers: readonly { readonly seed: Hex; readonly prf: Hex }[];
  readonly wraps: readonly (Paired & { name: string; prf: Hex; secret: Hex | null })[];
}

const file = vectors<File>('pairing.json');
const HOST = 'staff.localhost';
const secret = keys('doctor');
const me = { host: HOST, name: 'Dr. Dora Demo', secret };

/** What a browser makes of a PRF input before it asks the security key (WebAuthn 3, PRF extension). */
const saltOf = (input: Uint8Array) => sha256(concatBytes(toUtf8('WebAuthn PRF'), Uint8Array.of(0), input));

/** A security key that keeps one seed, as CTAP's hmac-secret does, and gives PRF at `get` only. */
class SoftKey implements Authenticator {
  readonly seed: Uint8Array;
  readonly inputs: string[] = [];
  readonly handles = new Set<string>();
  private readonly ids: string[] = [];
  private readonly name: number;

  constructor(seed: Hex, name: number) {
    this.seed = bytesOf(seed);
    this.name = name;
  }

  async create({ publicKey }: CredentialCreationOptions) {
    const excluded = publicKey?.excludeCredentials?.map(({ id }) => toHex(new Uint8Array(id as ArrayBuffer)));
    if (excluded?.some((id) => this.ids.includes(id))) throw new DOMException('', 'InvalidStateError');
    this.handles.add(toHex(new Uint8Array(publicKey?.user.id as ArrayBuffer)));
    const id = Uint8Array.of(this.name, this.ids.length);
    this.ids.push(toHex(id));
    return credential({ id });
  }

  async get({ publicKey }: CredentialRequestOptions) {
    const asked = publicKey?.allowCredentials?.map(({ id }) => new Uint8Array(id as ArrayBuffer)) ?? [];
    const id = asked.find((id) => this.ids.includes(toHex(id)));
    const first = publicKey?.extensions?.prf?.eval?.first as Uint8Array | undefined;
    if (!id || !first) throw new DOMException('', 'NotAllowedError');
    this.inputs.push(new TextDecoder().decode(first));
    const results = { first: new Uint8Array(hmac(sha256, this.seed, saltOf(first))) };
    return credential({ id, extensions: { prf: { results } } });
  }
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => (error instanceof PairingError ? error.code : error),
  );
const seed = (n: number) => rows(file.answers)[n]?.seed ?? '';

test('the browser and the key slot ask a security key with the same salt and get the same secret', () => {
  for (const { input, salt } of rows(file.salts)) expect(toHex(saltOf(bytesOf(input)))).toBe(salt);
  const atTheSlot = rows(file.salts).find(({ input }) => input === toHex(toUtf8(file.input)));
  for (const { seed, prf } of rows(file.answers)) {
    expect(toHex(hmac(sha256, bytesOf(seed), bytesOf(atTheSlot?.salt ?? '')))).toBe(prf);
  }
});

test('a wrapped staff key opens for its security key, page and credential alone', () => {
  for (const { name, prf, wrapped, secret, ...place } of rows(file.wraps)) {
    expect(unwrap(place, bytesOf(prf), wrapped)?.toHex() ?? null, name).toBe(secret);
  }
  const { prf, wrapped, secret: hex, ...place } = rows(file.wraps)[0] as File['wraps'][number];
  const salt = bytesOf(wrapped.slice(0, 64));
  expect(wrap(place, bytesOf(prf), secretOf(hex ?? ''), salt)).toBe(wrapped);
});

test('a staff key is paired with two security keys, and each opens it alone', async () => {
  const [one, two] = [new SoftKey(seed(0), 1), new SoftKey(seed(1), 2)];
  const first = await pair(one, me, []);
  const both = [first, await pair(two, me, [first])];
  expect(both.map(({ publicKey }) => publicKey)).toEqual([secret.publicKey, secret.publicKey]);
  for (const [n, key] of [one, two].entries()) {
    const opened = await open(key, HOST, both);
    expect([opened.secret.toHex(), opened.credential]).toEqual([secret.toHex(), both[n]?.credential]);
  }
  expect(new Set([...one.inputs, ...two.inputs])).toEqual(new Set([file.input]));
  expect(first.wrapped).not.toContain(secret.toHex());
});

test('a security key that is paired already says so, and one that is paired anew keeps what it had', async () => {
  const key = new SoftKey(seed(0), 1);
  const first = await pair(key, me, []);
  expect(await codeOf(pair(key, me, [first]))).toBe('already-yours');
  // Another page that does not know of the first one.
  const second = await pair(key, me, []);
  expect(key.handles.size).toBe(2);
  expect(second.credential).not.toBe(first.credential);
  for (const one of [first, second])
    expect((await open(key, HOST, [one])).secret.toHex()).toBe(secret.toHex());
});

test('one of two is lost: the other opens, the lost one is taken away and opens nothing', async () => {
  const [lost, kept] = [new SoftKey(seed(0), 1), new SoftKey(seed(1), 2)];
  const first = await pair(lost, me, []);
  const both = [first, await pair(kept, me, [first])];
  expect((await open(kept, HOST, both)).secret.toHex()).toBe(secret.toHex());
  const left = without(both, first.credential);
  expect(left.map(({ credential }) => credential)).toEqual([both[1]?.credential]);
  expect(await codeOf(open(lost, HOST, left))).toBe('cancelled');
  expect((await open(kept, HOST, left)).credential).toBe(both[1]?.credential);
  expect(() => without(left, left[0]?.credential ?? '')).toThrow('last');
  expect(without(left, first.credential)).toEqual(left);
});

test('staff and admin host have pairings of their own, and neither opens the other', async () => {
  const key = new SoftKey(seed(0), 1);
  const staff = await pair(key, me, []);
  expect(await codeOf(open(key, 'admin.localhost', [staff]))).toBe('none');
  const moved = { ...staff, host: 'admin.localhost' };
  expect(await codeOf(open(key, 'admin.localhost', [moved]))).toBe('wrong-key');
  const admin = await pair(key, { ...me, host: 'admin.localhost' }, [staff]);
  expect((await open(key, 'admin.localhost', [staff, admin])).secret.toHex()).toBe(secret.toHex());
});

test('there are five security keys at most, and a wrap of another staff key is refused', async () => {
  const key = new SoftKey(seed(0), 1);
  const one = await pair(key, me, []);
  const five = Array.from({ length: PAIRED_MAX }, () => one);
  expect(await codeOf(pair(key, me, five))).toBe('too-many');
  const swapped = { ...one, publicKey: keys('nurse').publicKey };
  expect(await codeOf(open(key, HOST, [swapped]))).toBe('wrong-key');
  expect(await codeOf(open(new SoftKey(seed(1), 3), HOST, [one]))).toBe('cancelled');
});
