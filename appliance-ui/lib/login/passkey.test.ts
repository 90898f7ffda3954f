import { expect, test } from 'vitest';
import { credential } from './credential.test-helper.ts';
import { type Authenticator, assertPasskey, createPasskey, makeAndProve } from './passkey.ts';

const ID = Uint8Array.of(1, 2, 3, 4);
const made = { host: 'portal.example', handle: 'ab'.repeat(16), name: 'Larkfield', known: [] };

interface Soft {
  createFails?: (extension: boolean) => string | null;
  getFails?: string;
  verified?: boolean;
  madeVerified?: boolean;
  prf?: (n: number) => Uint8Array<ArrayBuffer> | null;
}

/** An authenticator that gives PRF results at `get` only, as most do. */
function soft(ways: Soft = {}) {
  const creates: PublicKeyCredentialCreationOptions[] = [];
  const gets: PublicKeyCredentialRequestOptions[] = [];
  const here: Authenticator = {
    async create({ publicKey }) {
      if (!publicKey) throw new Error('no options');
      creates.push(publicKey);
      const fails = ways.createFails?.(publicKey.extensions !== undefined);
      if (fails) throw new DOMException('no', fails);
      return credential({ id: ID, verified: ways.madeVerified ?? true });
    },
    async get({ publicKey }) {
      if (!publicKey) throw new Error('no options');
      gets.push(publicKey);
      if (ways.getFails) throw new DOMException('no', ways.getFails);
      const first = ways.prf ? ways.prf(gets.length) : new Uint8Array(32).fill(9);
      const extensions = first ? { prf: { results: { first } } } : {};
      return credential({ id: ID, extensions, verified: ways.verified ?? true });
    },
  };
  return { here, creates, gets };
}

test('a passkey is made under user verification for this host, and asserted twice', async () => {
  const { here, creates, gets } = soft();
  const { credential, prf } = await makeAndProve(here, made);
  expect({ credential, prf }).toEqual({ credential: ID, prf: new Uint8Array(32).fill(9) });
  expect(creates[0]?.authenticatorSelection?.userVerification).toBe('required');
  expect(creates[0]?.rp.id).toBe('portal.example');
  expect(gets.map(({ rpId, userVerification }) => [rpId, userVerification])).toEqual([
    ['portal.example', 'required'],
    ['portal.example', 'required'],
  ]);
  expect(gets[0]?.challenge).not.toEqual(gets[1]?.challenge);
});

test('a passkey that gives another secret each time is not taken', async () => {
  const { here } = soft({ prf: (n) => new Uint8Array(32).fill(n) });
  await expect(makeAndProve(here, made)).rejects.toMatchObject({ code: 'invalid' });
});

test('a passkey without a secret, or without user verification, is not taken', async () => {
  await expect(makeAndProve(soft({ prf: () => null }).here, made)).rejects.toMatchObject({ code: 'invalid' });
  await expect(makeAndProve(soft({ prf: () => new Uint8Array(16) }).here, made)).rejects.toMatchObject({
    code: 'invalid',
  });
  await expect(makeAndProve(soft({ verified: false }).here, made)).rejects.toMatchObject({ code: 'invalid' });
});

test('a passkey that was made or asserted without user verification is refused although it was asked for', async () => {
  const unverified = soft({ madeVerified: false });
  await expect(createPasskey(unverified.here, made)).rejects.toMatchObject({ code: 'invalid' });
  expect(unverified.creates[0]?.authenticatorSelection?.userVerification).toBe('required');
  expect(await createPasskey(soft().here, made)).toEqual(ID);
  const asserted = soft({ verified: false });
  await expect(assertPasskey(asserted.here, made.host, [ID])).rejects.toMatchObject({ code: 'invalid' });
  expect(asserted.gets[0]?.userVerification).toBe('required');
  expect((await assertPasskey(soft().here, made.host, [ID])).credential).toEqual(ID);
});

test('a platform that refuses the extension at making is asked once more without it', async () => {
  const { here, creates } = soft({ createFails: (extension) => (extension ? 'NotSupportedError' : null) });
  expect(await createPasskey(here, made)).toEqual(ID);
  expect(creates.map(({ extensions }) => extensions !== undefined)).toEqual([true, false]);
});

test('a no of the person is final, and so is a passkey that exists already', async () => {
  const no = soft({ createFails: () => 'NotAllowedError' });
  await expect(createPasskey(no.here, made)).rejects.toMatchObject({ code: 'cancelled' });
  expect(no.creates.length).toBe(1);
  const twice = soft({ createFails: () => 'InvalidStateError' });
  await expect(createPasskey(twice.here, { ...made, known: [ID] })).rejects.toMatchObject({
    code: 'invalid',
  });
  expect(twice.creates.length).toBe(1);
  expect(twice.creates[0]?.excludeCredentials?.map(({ id }) => id)).toEqual([ID]);
  await expect(
    assertPasskey(soft({ getFails: 'NotAllowedError' }).here, 'portal.example', [ID]),
  ).rejects.toMatchObject({ code: 'cancelled' });
});
