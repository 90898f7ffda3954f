/**
 * The vault's file and an age implementation that is not ours (typage, in a browser, under the vault's name): each
 * opens what the other sealed. And no page of the box can ask a slot key anything.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bare } from './bare.ts';
import { demo, Visitor } from './harness.ts';

const BINARY = join(import.meta.dirname, '..', '..', 'target', 'debug', 'sealed-file');
const VAULT = 'bx7k2m.vault.relaybox.invalid';
/** Names of faces beside the portal and the start page. */
const FACES = ['staff.localhost', 'admin.localhost'];

interface Begun {
  readonly words: string;
  readonly identity: string;
  readonly recipient: string;
  readonly nonces: readonly string[];
}

/** What our own code makes of a request. */
function ours<T>(request: { readonly ask: string; readonly [name: string]: unknown }): T {
  const { stdout, stderr, status } = spawnSync(BINARY, { input: JSON.stringify(request), encoding: 'utf8' });
  if (status !== 0) throw new Error(`${BINARY} ${request.ask}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

let server: Bare;
beforeAll(async () => {
  server = await Bare.serve('sealed.ts');
});
afterAll(() => server.close());

/** Two security keys in two hands: one browser each, so that each is asked alone. */
async function hand(): Promise<{ readonly visitor: Visitor; readonly identity: string }> {
  const hosts = [VAULT, ...FACES].map((name) => new URL(server.at(name)).host);
  const visitor = await Visitor.arrive({ hosts });
  await visitor.authenticator('plugged-in');
  await visitor.page.goto(server.at(VAULT));
  const identity = await visitor.page.evaluate((rpId) => sealedPage.make(rpId), VAULT);
  return { visitor, identity };
}

const answer = async ({ page }: Visitor, nonce: string) => ({
  nonce,
  outputs: await page.evaluate(([rpId, nonce]) => sealedPage.answer(rpId, nonce), [VAULT, nonce] as const),
});

const open = ({ page }: Visitor, file: string, identity: string) =>
  page.evaluate(([file, identity]) => sealedPage.open(file, identity), [file, identity] as const);

test('what we seal opens with typage by each of two slot keys and by the words, and by no other key', async () => {
  const [one, two, foreign] = [await hand(), await hand(), await hand()];
  const begun = ours<Begun>({ ask: 'begin', slot_keys: 2 });
  const answers = [
    await answer(one.visitor, begun.nonces[0] ?? ''),
    await answer(two.visitor, begun.nonces[1] ?? ''),
  ];
  const sealed = ours<{ file: string; contents: string }>({
    ask: 'seal',
    slot_keys: answers,
    words: begun.words,
  });
  expect(JSON.parse(sealed.contents)).toMatchObject({
    version: 1,
    practice: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  for (const { visitor, identity } of [one, two]) {
    expect(await open(visitor, sealed.file, identity)).toBe(sealed.contents);
  }
  expect(begun.identity).toMatch(/^AGE-SECRET-KEY-1/);
  expect(await open(foreign.visitor, sealed.file, begun.identity)).toBe(sealed.contents);
  await expect(open(foreign.visitor, sealed.file, foreign.identity)).rejects.toThrow(
    'no identity matched any of the file',
  );
  for (const { visitor } of [one, two, foreign]) await visitor.leave();
});

test('what typage seals opens with our envelope by each slot key and by the words', async () => {
  const one = await hand();
  const begun = ours<Begun>({ ask: 'begin', slot_keys: 0 });
  const contents = `{"version":1,"practice":"${'11'.repeat(32)}","escrow":"${'22'.repeat(32)}","legacy":null}`;
  const file = await one.visitor.page.evaluate(
    ([contents, identity, recipient]) => sealedPage.seal(contents, [identity, identity], recipient),
    [contents, one.identity, begun.recipient] as const,
  );
  const { nonces } = ours<{ nonces: readonly string[] }>({ ask: 'nonces', file });
  expect(nonces.length).toBe(2);
  for (const nonce of nonces) {
    const slot_key = await answer(one.visitor, nonce);
    expect(ours({ ask: 'open', file, slot_key })).toEqual({ answer: 'opened', contents });
    const wrong = { ...slot_key, outputs: slot_key.outputs.toReversed() };
    expect(ours({ ask: 'open', file, slot_key: wrong })).toMatchObject({ answer: 'refused' });
  }
  expect(ours({ ask: 'open', file, words: begun.words })).toEqual({ answer: 'opened', contents });
  const others = ours<Begun>({ ask: 'begin', slot_keys: 0 });
  expect(ours({ ask: 'open', file, words: others.words })).toMatchObject({ answer: 'refused' });
  await one.visitor.leave();
});

test('a page of any face of the box cannot ask a slot key: the browser refuses the name of the vault', async () => {
  const { visitor } = await hand();
  const { page } = visitor;
  const claim = (rpId: string) =>
    page.evaluate(async (rpId) => {
      const challenge = crypto.getRandomValues(new Uint8Array(32));
      const said = (work: Promise<unknown>) =>
        work.then(
          () => 'given',
          (error: unknown) => (error as Error).name,
        );
      const user = { id: challenge, name: 'x', displayName: 'x' };
      const pubKeyCredParams = [{ type: 'public-key' as const, alg: -7 }];
      const prf = { eval: { first: challenge, second: challenge } };
      const get = { rpId, challenge, extensions: { prf }, userVerification: 'required' as const };
      const create = { rp: { id: rpId, name: 'x' }, user, challenge, pubKeyCredParams };
      return [
        await said(navigator.credentials.get({ publicKey: get })),
        await said(navigator.credentials.create({ publicKey: create })),
      ];
    }, rpId);
  // The slot key is in, and answers under its own name.
  expect((await claim(VAULT))[0]).toBe('given');
  const { portal, start } = demo().ready.origins;
  for (const face of [portal, start, ...FACES.map((name) => server.at(name))]) {
    await page.goto(face);
    for (const name of [VAULT, 'vault.relaybox.invalid', 'relaybox.invalid', 'invalid']) {
      expect(await claim(name), `${face} as ${name}`).toEqual(['SecurityError', 'SecurityError']);
    }
  }
  await page.goto(portal);
  expect((await claim(new URL(portal).hostname))[1], 'under its own name a page can').toBe('given');
  await visitor.leave();
});
