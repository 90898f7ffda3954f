import { schnorr } from '@noble/curves/secp256k1.js';
import { expect, test } from 'vitest';
import { signaturesHold } from './batch.ts';
import { toUtf8 } from './bytes.ts';
import { sign, signatureHolds } from './event.ts';
import { seeded } from './random.ts';
import { secretOfName } from './testing/practice.ts';
import type { Event } from './types.ts';

const random = () => seeded(toUtf8('coefficients'));
const signers = ['doctor', 'nurse', 'box'].map(secretOfName);

function events(count: number): Event[] {
  return Array.from({ length: count }, (_, n) => {
    const secret = signers[n % signers.length] ?? secretOfName('doctor');
    return sign(secret, 1, [], `${n}`, n);
  });
}

const { n: order } = schnorr.Point.CURVE();
const withS = (event: Event, change: bigint): Event => {
  const s = (BigInt(`0x${event.sig.slice(64)}`) + change + order) % order;
  return { ...event, sig: event.sig.slice(0, 64) + s.toString(16).padStart(64, '0') };
};

const one = (list: readonly Event[], at: number, change: (event: Event) => Event): Event[] =>
  list.map((event, n) => (n === at ? change(event) : event));

test.each([1, 3, 4, 33, 70])('of %i signatures that hold all are said to hold', (count) => {
  expect(signaturesHold(events(count), random())).toEqual(events(count).map(() => true));
});

test('one wrong signature is found among many, whatever is wrong with it', () => {
  const list = events(14);
  const other = list[7]?.sig ?? '';
  const high = (part: string) => (event: Event) => ({
    ...event,
    sig: part === 'r' ? 'f'.repeat(64) + event.sig.slice(64) : event.sig.slice(0, 64) + 'f'.repeat(64),
  });
  const changes: readonly ((event: Event) => Event)[] = [
    (event) => withS(event, 1n),
    (event) => withS(event, order - BigInt(`0x${event.sig.slice(64)}`)),
    (event) => ({ ...event, sig: other }),
    (event) => ({ ...event, sig: '0'.repeat(128) }),
    (event) => ({ ...event, sig: event.sig.toUpperCase().replace(/^[0-9]*/, 'A') }),
    (event) => ({ ...event, sig: '' }),
    (event) => ({
      ...event,
      pubkey: signers[2]?.publicKey === event.pubkey ? '0'.repeat(64) : 'f'.repeat(64),
    }),
    (event) => ({ ...event, id: 'ab'.repeat(32) }),
    high('r'),
    high('s'),
  ];
  for (const [at, change] of changes.entries()) {
    const harmed = one(list, at + 3, change);
    const alone = harmed.map(({ sig, id, pubkey }) => signatureHolds(sig, id, pubkey));
    expect(alone.filter((holds) => !holds)).toHaveLength(1);
    expect(signaturesHold(harmed, random()), `${at}`).toEqual(alone);
  }
});

test('two wrong signatures whose errors would cancel are both found', () => {
  const list = one(
    one(events(8), 2, (event) => withS(event, 5n)),
    5,
    (event) => withS(event, order - 5n),
  );
  const found = signaturesHold(list, random());
  expect(found.flatMap((holds, at) => (holds ? [] : [at]))).toEqual([2, 5]);
});

test('a coefficient of zero is never used', () => {
  const list = one(events(6), 1, (event) => withS(event, 1n));
  const real = random();
  let asked = 0;
  const late = () => {
    asked += 1;
    return asked % 2 === 1 ? new Uint8Array(32) : real();
  };
  expect(signaturesHold(list, late)[1]).toBe(false);
  expect(asked).toBe(12);
});
