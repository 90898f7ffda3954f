/**
 * A relay that lies, in front of a person: it holds the real events and receipts of a real box, and forges, moves,
 * repeats, delays or withholds. What it adds is kept apart with its reason and changes no word; what it withholds is
 * never called "none".
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sign } from '../lib/protocol/event.ts';
import { SecretKey } from '../lib/protocol/keys.ts';
import { kinds } from '../lib/protocol/kinds.ts';
import type { Event } from '../lib/protocol/types.ts';
import {
  type Family,
  familyOf,
  forgedGrant,
  forgedLinks,
  isReceipt,
  lateRecord,
  recordOf,
  stranger,
  tagOf,
  transplant,
} from '../lib/session/planted.test-helper.ts';
import { commonWords } from '../portal/src/health/words/common.ts';
import { allergyWords, indexWords } from '../portal/src/health/words/lists.ts';
import { vaccineWords } from '../portal/src/health/words/vaccines.ts';
import { recordWords } from '../portal/src/words/record.ts';
import { shellWords } from '../portal/src/words/shell.ts';
import { HandClock } from './clock.ts';
import { demo, person, type VisitOptions, Visitor } from './harness.ts';
import { Mirror } from './mirror.ts';
import { noneSentences } from './none.ts';
import { enterBySheet, sheet } from './steps.ts';
import { addresses, to } from './walk.ts';

const w = recordWords.en;
const shell = shellWords.en;
const common = commonWords.en;
const SCRIPT = '<img src=x onerror="globalThis.ran=1"><script>globalThis.ran=1</script>';

let mirror: Mirror;
/** Parent of one child, and the parent of another. */
let father: Family;
let mother: Family;
let leaver: SecretKey;
const NAME = 'Linden Samplewood';

beforeAll(async () => {
  const { ready, template } = demo();
  mirror = await Mirror.start(template);
  const box = {
    address: { relay: ready.relay_plain, practice: ready.practice, next: null, name: null },
  };
  father = await familyOf(box, person(ready, NAME));
  mother = await familyOf(box, person(ready, 'Paula Mockingham'));
  const left = ready.persons.find(({ name }) => name.startsWith('Nils Formerly'));
  leaver = SecretKey.fromHex(left?.secret ?? '') ?? stranger;
});
afterAll(() => mirror.stop());

/** Comes to the record through the mirror, which serves these events in these ways. */
async function come(
  events: readonly Event[],
  ways: Partial<Mirror['relay']['ways']> = {},
  options: VisitOptions = {},
): Promise<Visitor> {
  mirror.relay.events = [...events];
  Object.assign(mirror.relay.ways, { twice: false, backwards: false, eose: 'end', slow: () => 0, ...ways });
  mirror.claim = { practice: demo().ready.practice, name: SCRIPT, ahead: 0 };
  const visitor = await Visitor.arrive({ ...options, hosts: [mirror.host] });
  const address = sheet(demo().ready, `Mirror ${SCRIPT}`, mirror.host);
  await enterBySheet(visitor, address, { secret: father.secret.toHex() });
  return visitor;
}

/** The sentences of every page, without those that say when and how whole. */
async function readAll(visitor: Visitor): Promise<ReadonlyMap<string, readonly string[]>> {
  const about =
    /Kept apart|^How it was checked|records? (are|is) here|waits? until|Last checked|on this phone|Connecting/;
  const pages = new Map<string, readonly string[]>();
  for (const [path, address] of await addresses(visitor)) {
    if (path === '/r/$n/apart') continue;
    await to(visitor.page, address);
    const lines = (await visitor.words()).split('\n').map((line) => line.trim());
    pages.set(
      path,
      // Two letters and a year are the mark of a child, which stands wherever the child is meant.
      lines.filter((line) => line.length > 2 && !about.test(line)),
    );
  }
  return pages;
}

let honest: ReadonlyMap<string, readonly string[]>;

test('a mirror that only serves what the box holds shows the record as the box does', async () => {
  const visitor = await come(father.events);
  await visitor.see('Wren');
  honest = await readAll(visitor);
  expect([...honest.values()].flat().length).toBeGreaterThan(200);
  expect(await visitor.words()).not.toContain(w.apart);
  await visitor.leave();
});

test('what a relay plants is kept apart with its reason, and changes no word of the record', async () => {
  const now = Date.now() / 1_000;
  const paper = recordOf(mother, kinds.encounter);
  const planted = [
    ...transplant(mother, father).all,
    ...lateRecord(leaver, father, now),
    ...forgedLinks(father, mother.child, now),
    forgedGrant(father, now),
    // A document with a foreign address, given to this child by a stranger.
    sign(
      stranger,
      kinds.document,
      [
        ...paper.tags.map((tag) => tag.map((cell) => (cell === mother.child ? father.child : cell))),
        ['url', 'https://elsewhere.example/stolen.pdf'],
      ],
      paper.content,
      Math.floor(now),
    ),
    // A profile that calls the clinic something else.
    sign(stranger, kinds.metadata, [], JSON.stringify({ name: SCRIPT }), Math.floor(now)),
  ];
  const clock = new HandClock();
  const visitor = await come([...planted, ...father.events, ...mother.events, ...planted], {}, { clock });
  await visitor.see('Wren');
  // Until the box could have confirmed it, what has no receipt waits, and no page is sure.
  const careful = [
    common.unsure,
    allergyWords.en.notLoaded,
    allergyWords.en.notLoadedText,
    indexWords.en.partial,
    indexWords.en.allergyNotLoaded,
    vaccineWords.en.incomplete,
  ];
  for (const [path, lines] of await readAll(visitor)) {
    const allowed = new Set([...(honest.get(path) ?? []), ...careful]);
    expect(
      lines.filter((line) => !allowed.has(line)),
      path,
    ).toEqual([]);
  }
  await to(visitor.page, '/r/1/visits');
  await visitor.see(w.apartCount(1));
  await visitor.see(w.waitingReceipt(3));
  await clock.pass(visitor.page, 601_000);
  await visitor.see(w.apartCount(4));
  await to(visitor.page, '/r/1/apart');
  await visitor.see(w.apartSay('Wren'));
  const apart = await visitor.words();
  expect(apart.split(w.reasons.id)).toHaveLength(2);
  expect(apart.split(w.reasons['no-receipt'])).toHaveLength(4);
  expect(apart).not.toContain('Olive');
  expect(await readAll(visitor)).toEqual(honest);
  // A link that is ended by a stranger while the page is open ends nothing.
  for (const link of forgedLinks(father, mother.child, now + 5)) mirror.relay.publish(link);
  await to(visitor.page, '/r/1');
  expect(await visitor.words()).toContain('Wren');
  expect(await visitor.page.evaluate(() => (globalThis as { ran?: unknown }).ran)).toBeUndefined();
  await visitor.leave();
});

test('twice, backwards and slowly: the same record', async () => {
  const slow = (filters: readonly { kinds?: readonly number[] }[]) =>
    filters.some(({ kinds: asked }) => asked?.includes(kinds.observation)) ? 1 : 0;
  const visitor = await come(father.events, { twice: true, backwards: true, slow });
  await visitor.see('Wren');
  expect(await readAll(visitor)).toEqual(honest);
  await visitor.leave();
});

test('a relay that says "that is all" and kept the record back makes nobody read "none"', async () => {
  const kept = father.events.filter(
    (event) => isReceipt(event) || event.kind < kinds.encounter || event.kind > kinds.visit,
  );
  expect(kept.length).toBeLessThan(father.events.length - 15);
  const visitor = await come(kept);
  await visitor.see('Wren');
  for (const [path, lines] of await readAll(visitor)) {
    const said = lines.join('\n');
    for (const sentence of noneSentences('en')) expect(said, path).not.toContain(sentence);
    const list = /health|visits$|messages$/.test(path) && !/paper/.test(path);
    const unsure = path.endsWith('allergies') ? allergyWords.en.notLoaded : common.unsure;
    if (list) expect(said, path).toContain(unsure);
  }
  await to(visitor.page, '/r/1/health/medicines');
  await visitor.see(/\d+ of \d+ records are here/);
  // One piece that is missing is missing everywhere.
  const allergy = father.events.find(({ kind }) => kind === kinds.allergy);
  expect(allergy).toBeDefined();
  await visitor.leave();
  const less = await come(father.events.filter((event) => event !== allergy));
  await to(less.page, '/r/1/health/allergies');
  await less.see(allergyWords.en.notLoaded);
  for (const sentence of noneSentences('en')) expect(await less.words()).not.toContain(sentence);
  await less.leave();
});

test('a hole in the list of who may sign is told on every page', async () => {
  const policy = father.events
    .filter((event) => isReceipt(event) && event.tags.some(([name, of]) => name === 'c' && of === 'policy'))
    .sort((a, b) => Number(tagOf(a, 'n')) - Number(tagOf(b, 'n')));
  const visitor = await come(father.events.filter((event) => event !== policy[1]));
  await visitor.see(shell.policyHole);
  expect(await visitor.words()).not.toContain(shell.noRecords);
  await to(visitor.page, '/more');
  await visitor.see(shell.policyHoleSub);
  await visitor.leave();
});
