/** Every refusal of a box, as the person who meets it reads it, in both languages. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Box } from '../lib/relay/box.test-helper.ts';
import { loginWords } from '../portal/src/words/login.ts';
import { moreWords } from '../portal/src/words/more.ts';
import { shellWords } from '../portal/src/words/shell.ts';
import { HandClock } from './clock.ts';
import { demo, person, Visitor } from './harness.ts';
import { Mirror } from './mirror.ts';
import { enterBySheet, sheet } from './steps.ts';
import { to } from './walk.ts';

const DAY_MS = 86_400_000;
const langs = ['en', 'es'] as const;
let mirror: Mirror;

beforeAll(async () => {
  mirror = await Mirror.start(demo().template);
});
afterAll(() => mirror.stop());

const dana = () => person(demo().ready, 'Dana Demofield');
const own = () => demo().ready.practice;

/** What a person reads, as English and as Spanish after the switch at the top. */
async function inBoth(visitor: Visitor, say: (lang: 'en' | 'es') => readonly string[]): Promise<void> {
  for (const lang of langs) {
    await visitor.speak(lang);
    for (const sentence of say(lang)) await visitor.see(sentence);
    expect(await visitor.words(), lang).not.toMatch(/Jasper|Juniper|Hugo|undefined|null|\[object/);
  }
}

type Shell = (typeof shellWords)['en'];

test.each([
  ['slow down', 'rate-limited: slow down', (w: Shell) => [w.rate, w.rateSub]],
  ['a fault of the box', 'error: the box could not', (w: Shell) => [w.internal, w.internalSub]],
  ['a key that was ended', 'restricted: this key was ended', (w: Shell) => [w.keyEnded, w.keyEndedSub]],
])('a relay that refuses the login with %s is told so', async (_, answer, say) => {
  mirror.claim = { practice: own(), name: 'Mirror', ahead: 0 };
  Object.assign(mirror.relay.ways, { login: [false, answer] });
  const visitor = await Visitor.arrive({ hosts: [mirror.host] });
  await enterBySheet(visitor, sheet(demo().ready, 'Mirror', mirror.host), dana());
  await inBoth(visitor, (lang) => say(shellWords[lang]));
  // No page calls empty what was never read.
  for (const path of ['/', '/messages', '/visits', '/r/1', '/r/1/health/allergies']) {
    await to(visitor.page, path);
    for (const sentence of say(shellWords.es)) await visitor.see(sentence);
    const words = await visitor.words();
    for (const lang of langs) expect(words, path).not.toContain(shellWords[lang].noRecords);
  }
  Object.assign(mirror.relay.ways, { login: [true, ''] });
  await visitor.leave();
});

test('a parent whose access was ended before is told so by the real box', async () => {
  const visitor = await Visitor.arrive();
  const ernst = demo().ready.persons.find(({ name }) => name.startsWith('Ernst Placeholder'));
  await enterBySheet(visitor, sheet(demo().ready, 'Sampleville'), { secret: ernst?.secret ?? '' });
  await inBoth(visitor, (lang) => [shellWords[lang].keyEnded, shellWords[lang].keyEndedSub]);
  await visitor.leave();
});

test('a box of another clinic is given no login and told apart from the right one', async () => {
  mirror.claim = { practice: demo().second.practice, name: 'Mirror', ahead: 0 };
  const before = mirror.relay.count('AUTH');
  const visitor = await Visitor.arrive({ hosts: [mirror.host] });
  await enterBySheet(visitor, sheet(demo().ready, 'Mirror', mirror.host), dana());
  await inBoth(visitor, (lang) => [shellWords[lang].otherPractice, shellWords[lang].otherPracticeSub]);
  expect(mirror.relay.count('AUTH')).toBe(before);
  await visitor.leave();
});

test('a phone whose clock is a day off is told so by the real box, ahead and behind', async () => {
  for (const ahead of [DAY_MS, -DAY_MS]) {
    const visitor = await Visitor.arrive({ clock: new HandClock(ahead) });
    await enterBySheet(visitor, sheet(demo().ready, 'Sampleville'), dana());
    await inBoth(visitor, (lang) => [shellWords[lang].clock, shellWords[lang].clockSub]);
    await visitor.leave();
  }
});

test('without a connection and with nothing saved nobody reads that there is no record', async () => {
  mirror.away = true;
  const visitor = await Visitor.arrive({ hosts: [mirror.host] });
  await enterBySheet(visitor, sheet(demo().ready, 'Mirror', mirror.host), dana());
  await inBoth(visitor, (lang) => [shellWords[lang].offlineNothing]);
  for (const path of ['/messages', '/visits', '/r/1/health/allergies', '/r/1']) {
    await to(visitor.page, path);
    await visitor.see(shellWords.es.notHere);
    expect(await visitor.words(), path).not.toContain(shellWords.es.noRecords);
  }
  mirror.away = false;
  await visitor.leave();
});

test('a box that no clinic has set up says so at the door', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relaybox-ui-'));
  // Its certificate is one that the browser of these tests takes.
  for (const file of ['relaybox-dev.txt', 'gateway/ca.crt', 'gateway/ca.pem', 'gateway/tls.pem'])
    cpSync(join(demo().template, file), join(folder, file));
  const box = await Box.start(folder, '--empty');
  try {
    const visitor = await Visitor.arrive({ ready: { ...demo().ready, ...box.ready, persons: [] } });
    await visitor.goto('/in');
    await inBoth(visitor, (lang) => [loginWords[lang].unclaimed, loginWords[lang].unclaimedSub]);
    await visitor.press(loginWords.es.first);
    await visitor.page.getByLabel(loginWords.es.address).waitFor();
    await visitor.leave();
  } finally {
    await box.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a box that does not answer says so at the door, and that nothing is saved here', async () => {
  const visitor = await Visitor.arrive();
  await visitor.context.route('**/practice.json', (route) =>
    route.fulfill({ status: 503, body: 'no relay' }),
  );
  await visitor.goto('/in');
  await inBoth(visitor, (lang) => [loginWords[lang].unreachable, loginWords[lang].unreachableNothing]);
  await visitor.leave();
});

/** What a person may scan or paste in place of an access sheet, and the sentence for it. */
const wrong = (): readonly (readonly [text: string, say: 'wrongQr' | 'damagedQr' | 'badRelay'])[] => [
  ['https://example.com/menu', 'wrongQr'],
  ['WIFI:S:clinic;T:WPA;P:hunter2;;', 'wrongQr'],
  ['nostr+ehr://box.example?name=Larkfield', 'wrongQr'],
  [sheet(demo().ready, 'Larkfield').replace(/pk=[0-9a-f]{60}/, 'pk=abcd'), 'wrongQr'],
  [`${sheet(demo().ready, 'Larkfield')}&t=12ab`, 'damagedQr'],
  ['{"relay":"wss://box.exa', 'damagedQr'],
  [`{"relay":"ws://box.example","practice_pk":"${'ab'.repeat(32)}"}`, 'badRelay'],
];

test('a code that is no access sheet is named, at the first visit and under clinics', async () => {
  const visitor = await Visitor.arrive();
  const field = (lang: 'en' | 'es') => visitor.page.getByLabel(loginWords[lang].address);
  await visitor.goto('/in/first');
  await visitor.press(loginWords.en.otherClinic);
  for (const [text, say] of wrong()) {
    await field('en').fill(text);
    await visitor.press(loginWords.en.goOn);
    await visitor.see(loginWords.en[say]);
  }
  // There is no camera here: the text is the other way.
  await visitor.press(loginWords.en.scan);
  await visitor.see(loginWords.en.noCamera);
  // A secret key is not kept in a field that asks for none.
  await field('en').fill(`nsec1${'q'.repeat(58)}`);
  await visitor.see(loginWords.en.secretIn);
  expect(await field('en').inputValue()).toBe('');
  await visitor.enter(dana());
  await to(visitor.page, '/practices');
  await visitor.speak('es');
  for (const [text, say] of wrong()) {
    await field('es').fill(text);
    await visitor.press(loginWords.es.goOn);
    await visitor.see(loginWords.es[say]);
  }
  await visitor.heading(moreWords.es.practicesHeading).waitFor();
  await visitor.leave();
});
