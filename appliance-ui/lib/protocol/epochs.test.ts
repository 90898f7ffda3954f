import { expect, test } from 'vitest';
import { fromUtf8, toHex } from './bytes.ts';
import { keyringKey } from './epochs/keyring.ts';
import { buildGrant, Keyring, keyOf, parse } from './epochs.ts';
import { openPatientGrant } from './grants.ts';
import { openSealed } from './keys.ts';
import { compartments } from './permissions.ts';
import { orThrow } from './result.ts';
import type { SecretKey } from './secret.ts';
import { keys, random } from './testing.ts';
import type { Compartment, Event } from './types.ts';
import { rows, secretOf, vectors, verified } from './vectors.ts';

interface File {
  readonly practice: string;
  readonly secrets: { readonly member: string; readonly escrow: string };
  readonly epochs: readonly { n: number; event: Event; secrets: { readonly [of in Compartment]: string } }[];
  readonly keyrings: readonly { name: string; grants: Event[]; held: [number, Compartment, string][] }[];
  readonly refused: readonly { name: string; event: Event }[];
  readonly import: {
    readonly event: Event;
    readonly grant: Event;
    /** A 2100 by the practice, and what it opens to: E, subject, X2. */
    readonly given: Event;
    readonly rows: readonly (readonly [string, string, string])[];
    readonly former: string;
    readonly signers: string[];
    readonly x1: string;
  };
}

const file = vectors<File>('epochs.json');
const member = secretOf(file.secrets.member);
const events = rows(file.epochs).map((row) => verified(row.event));
const heldBy = (keyring: Keyring) =>
  keyring.pairs().map(({ n, compartment, pair }) => [n, compartment, pair.secret.toHex()]);

test('epoch vectors name their keys and carry them sealed to the escrow', () => {
  for (const { n, event, secrets } of rows(file.epochs)) {
    const shape = parse(verified(event));
    expect([shape?.n, event.pubkey]).toEqual([n, file.practice]);
    for (const compartment of compartments) {
      const secret = secretOf(secrets[compartment]);
      expect(shape && keyOf(shape, compartment)).toBe(secret.publicKey);
      const sealed = shape?.sealed.find((row) => row.compartment === compartment)?.payload ?? '';
      const opened = orThrow(openSealed(secretOf(file.secrets.escrow), shape?.ek ?? '', sealed));
      expect(fromUtf8(opened)).toBe(secret.toHex());
    }
  }
  for (const { name, event } of rows(file.refused)) expect(parse(verified(event)), name).toBe(null);
});

test('keyring vectors walk back as far as granted', () => {
  for (const { name, grants, held } of rows(file.keyrings)) {
    expect(heldBy(Keyring.collect(member, events, grants.map(verified))), name).toEqual(held);
    expect(heldBy(Keyring.collect(member, events.toReversed(), grants.map(verified)))).toEqual(held);
    expect(heldBy(Keyring.collect(keys('thief'), events, grants.map(verified)))).toEqual([]);
  }
});

test('the import vector opens for its member, and no grant of another epoch stands in it', () => {
  const { event, grant, given, former, signers, x1 } = file.import;
  const shape = parse(verified(event));
  expect(shape).toMatchObject({ n: 0, keys: [{ compartment: 'chart', key: former }], signers, escrow: null });
  const keyring = Keyring.collect(member, [event], [verified(grant)]);
  expect(toHex(keyring.legacy()?.bytes() ?? new Uint8Array())).toBe(x1);
  expect(keyring.pairs()).toEqual([]);
  expect(Keyring.collect(keys('other'), [event], [grant]).legacy()).toBe(null);
  const opened = openPatientGrant(member, verified(given)) ?? [];
  expect(opened.map((row) => [row.epochKey, row.subject, toHex(row.key.bytes())])).toEqual(file.import.rows);
});

/** A 2101 for epoch `n` with these secrets of the file. */
function grant(n: number, list: readonly [Compartment, SecretKey][]): Event {
  return verified(
    buildGrant(keys('nurse'), member.publicKey, n, new Map(list), 1_790_000_000, random('grant')),
  );
}

test('a grant gives the pair of its epoch alone, and a false secret is left out', () => {
  const [, second, third] = rows(file.epochs).map(({ secrets }) => secretOf(secrets.chart));
  if (!second || !third) throw new Error('too few epochs');
  const right = Keyring.collect(member, events, [grant(2, [['chart', second]])]);
  expect(right.newest('chart')?.public).toBe(second.publicKey);
  expect(right.newest('desk')).toBe(null);
  expect(right.pairs().map(({ n }) => n)).toEqual([1, 2]);
  expect(right.pairOf(second.publicKey)?.secret).toEqual(second);
  expect(right.pairOf(third.publicKey)).toBe(null);
  expect(Keyring.collect(member, events, [grant(3, [['chart', second]])]).pairs()).toEqual([]);
  expect(Keyring.collect(member, events, [grant(2, [['desk', second]])]).pairs()).toEqual([]);
  expect(Keyring.collect(member, [], [grant(2, [['chart', second]])]).pairs()).toEqual([]);
});

test('a reader of X1 cannot open the keyring', () => {
  const [, row] = rows(file.epochs);
  const pair = secretOf(row?.secrets.desk);
  const shape = row ? parse(row.event) : null;
  const payload = shape?.keyring.find(({ compartment }) => compartment === 'desk')?.payload ?? '';
  expect(keyringKey(pair).decrypt(payload).ok).toBe(true);
  expect(openSealed(pair, pair.publicKey, payload)).toEqual({ ok: false, error: 'mac' });
});
