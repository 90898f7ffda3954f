/**
 * Every route in every state that it can be in: loading, empty, error, offline, quarantine, ended, damaged. Each is
 * photographed into target/pictures, is not wider than the screen, and says what is so.
 */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kinds } from '../lib/protocol/kinds.ts';
import { keys } from '../lib/protocol/testing.ts';
import type { Filter } from '../lib/relay/frames.ts';
import { familyOf, transplant } from '../lib/session/planted.test-helper.ts';
import { type Path, paths } from '../portal/src/app/paths.ts';
import { recordWords } from '../portal/src/words/record.ts';
import { shellWords } from '../portal/src/words/shell.ts';
import { DESK, demo, PHONE, person, Visitor } from './harness.ts';
import { Mirror } from './mirror.ts';
import { noneSentences } from './none.ts';
import { damagedThenEnded, emptyPractice, impossible, type State, states, type Told } from './states.ts';
import { enterBySheet, sheet } from './steps.ts';
import { addresses, axe, overflow, PICTURES, picture, pictureName, settled, to } from './walk.ts';

const HEAVY = process.env.RELAYBOX_HEAVY !== undefined;
const looks = (['en', 'es'] as const)
  .flatMap((lang) => [PHONE, DESK].map((size) => ({ lang, size })))
  .slice(0, HEAVY ? 4 : 1);

let told: Told;
let mirror: Mirror;
let blank: Mirror;
const empty = emptyPractice();
const faults: string[] = [];

beforeAll(async () => {
  told = await damagedThenEnded('Paula Mockingham');
  mirror = await Mirror.start(demo().template);
  blank = await Mirror.start(demo().template);
  blank.relay.events = [...empty.events];
});
afterAll(async () => {
  for (const one of [mirror, blank]) await one.stop();
});

async function shoot(visitor: Visitor, path: Path, state: State): Promise<void> {
  const { page, lang } = visitor;
  faults.push(...(await overflow(page)).map((fault) => `${path}, ${state}: ${fault}`));
  if (HEAVY) faults.push(...(await axe(page)).map((fault) => `${path}, ${state}: ${fault}`));
  await picture(page, path, state, lang);
}

const possible = (state: State, of: (path: Path) => boolean = () => true) =>
  paths.filter((path) => impossible(path, state) === null && of(path));
const inside = (path: Path) => !path.startsWith('/in');

const again = (visitor: Visitor) => visitor.page.evaluate(() => dispatchEvent(new Event('online')));
const skeleton = (visitor: Visitor) => visitor.page.locator('.skel:not([data-before])').first().waitFor();

/** Goes there without waiting for what loads. */
const leap = (visitor: Visitor, path: string) =>
  visitor.page.evaluate((address) => {
    for (const bar of document.querySelectorAll('.skel')) bar.setAttribute('data-before', '');
    history.pushState({}, '', address);
    dispatchEvent(new PopStateEvent('popstate', { state: {} }));
  }, path);

const of = (path: Path, m = '1') => path.replace('$n', '1').replace('$m', m);

describe.each(looks)('$lang, $size.width px', (look) => {
  const w = recordWords[look.lang];
  const shell = shellWords[look.lang];

  test('offline, loading, damaged, quarantine and ended, as a parent meets them', async () => {
    const { family, end } = told;
    /** What is stored of the child. */
    const asksRecords = (filters: readonly Filter[]) =>
      filters.some(
        (one) =>
          one.limit !== 0 &&
          one.kinds?.includes(kinds.observation) === true &&
          one['#p']?.includes(family.child) === true,
      );
    Object.assign(mirror.relay, { events: [...family.events] });
    Object.assign(mirror, { away: true, claim: { practice: demo().ready.practice, name: null, ahead: 0 } });
    const visitor = await Visitor.arrive({ ...look, hosts: [mirror.host] });
    const { page } = visitor;
    await enterBySheet(visitor, sheet(demo().ready, 'Sampleville Pediatrics', mirror.host), {
      secret: family.secret.toHex(),
    });
    await page.locator('.offbar').waitFor();
    await shoot(visitor, '/', 'offline');
    // Nothing has been read yet, and nothing comes.
    mirror.relay.ways.slow = () => 60_000;
    mirror.away = false;
    await again(visitor);
    await skeleton(visitor);
    await shoot(visitor, '/', 'loading');
    // Whose record it is, is known; the record is on its way.
    mirror.relay.ways.slow = (filters) => (asksRecords(filters) ? 60_000 : 0);
    mirror.cut();
    await again(visitor);
    await visitor.see('Olive');
    for (const path of possible('loading', (one) => one !== '/')) {
      await leap(visitor, of(path));
      await skeleton(visitor);
      const words = await visitor.words();
      for (const sentence of noneSentences(look.lang)) expect(words, path).not.toContain(sentence);
      await shoot(visitor, path, 'loading');
    }
    // It has come. One piece was damaged before it was signed.
    mirror.relay.ways.slow = () => 0;
    mirror.cut();
    await leap(visitor, '/r/1/apart');
    await again(visitor);
    await visitor.see(w.reasons.body);
    await settled(page);
    await shoot(visitor, '/r/$n/apart', 'damaged');
    // Another child's record is moved here.
    const other = await familyOf(
      {
        address: { relay: demo().ready.relay_plain, practice: demo().ready.practice, next: null, name: null },
      },
      person(demo().ready, 'Linden Samplewood'),
    );
    mirror.relay.publish(transplant(other, family).moved);
    await visitor.see(w.reasons.id);
    const there = await addresses(visitor);
    for (const path of possible('quarantine')) {
      await to(page, there.get(path) ?? path);
      await visitor.see(path === '/r/$n/apart' ? w.apartHeading : w.apartCount(3));
      await shoot(visitor, path, 'quarantine');
    }
    mirror.away = true;
    mirror.cut();
    await page.locator('.offbar').waitFor();
    for (const path of possible('offline', (one) => inside(one) && one !== '/')) {
      await to(page, there.get(path) ?? path);
      await page.locator('.offbar').waitFor();
      await shoot(visitor, path, 'offline');
    }
    mirror.away = false;
    await again(visitor);
    await page.locator('.offbar').waitFor({ state: 'detached' });
    mirror.relay.publish(end);
    for (const path of possible('ended')) {
      await leap(visitor, there.get(path) ?? path);
      await visitor.see(shell.endedSub('Olive'));
      await settled(page);
      expect(await page.locator('main svg[role="img"]').count(), path).toBe(0);
      await shoot(visitor, path, 'ended');
    }
    await visitor.leave();
  });

  test('empty: a child of whom nothing is written yet, and a key without a child', async () => {
    const site = { relay: demo().ready.relay, practice: empty.practice };
    for (const secret of [empty.parent, keys('nobody yet').toHex()]) {
      const visitor = await Visitor.arrive({ ...look, hosts: [blank.host] });
      await enterBySheet(visitor, sheet(site, 'Larkfield Pediatrics', blank.host), { secret });
      if (secret !== empty.parent) {
        await visitor.see(shell.noRecords);
        await shoot(visitor, '/', 'empty');
        await visitor.leave();
        continue;
      }
      await visitor.see('Alma');
      const said: string[] = [];
      for (const path of possible('empty', (one) => one !== '/')) {
        await to(visitor.page, of(path, '99'));
        said.push(await visitor.words());
        await shoot(visitor, path, 'empty');
      }
      // The sentences that a part of a record must not say are those that an empty one says.
      const all = said.join('\n');
      const unsaid = noneSentences(look.lang).filter((sentence) => !all.includes(sentence));
      expect(unsaid.length).toBeLessThan(noneSentences(look.lang).length / 2);
      await visitor.leave();
    }
  });

  test('error: a page whose script does not come, behind and before the door', async () => {
    const lose = (visitor: Visitor) => visitor.context.route('**/assets/*.js', (route) => route.abort());
    const meet = async (visitor: Visitor, path: Path) => {
      await visitor.see(shell.broke);
      await shoot(visitor, path, 'error');
    };
    const signedIn = await Visitor.arrive({ ...look, noCache: true });
    const access = sheet(demo().ready, 'Sampleville Pediatrics');
    await enterBySheet(signedIn, access, person(demo().ready, 'Paula Mockingham'), () => lose(signedIn));
    await meet(signedIn, '/');
    for (const path of possible('error', (one) => inside(one) && one !== '/')) {
      await to(signedIn.page, of(path));
      await meet(signedIn, path);
    }
    await signedIn.leave();
    const keeping = await Visitor.arrive({ ...look, noCache: true });
    await keeping.enter(person(demo().ready, 'Paula Mockingham'));
    await keeping.see('Olive');
    await lose(keeping);
    await to(keeping.page, '/in/keep');
    await meet(keeping, '/in/keep');
    await keeping.leave();
    const door = await Visitor.arrive({ ...look, noCache: true });
    await door.goto('/in');
    await settled(door.page);
    await lose(door);
    for (const path of ['/in/first', '/in/more', '/in/lost'] as const) {
      await to(door.page, path);
      await meet(door, path);
    }
    await door.leave();
    const outside = await Visitor.arrive({ ...look, noCache: true });
    await lose(outside);
    await outside.goto('/in');
    // The door is part of the page: without its script the page itself says so, in both languages, after a while.
    for (const said of [/did not come whole/, /no llegó completa/]) await outside.see(said);
    await shoot(outside, '/in', 'error');
    await outside.leave();
  });

  test('offline: the door and what lies before it', async () => {
    const visitor = await Visitor.arrive({ ...look, noCache: true });
    await visitor.context.route('**/*.json', (route) => route.abort());
    for (const path of possible('offline', (one) => !inside(one))) {
      await visitor.goto(path);
      await settled(visitor.page);
      await shoot(visitor, path, 'offline');
    }
    await visitor.leave();
  });

  test('no state of a route is without its picture, or without a reason', () => {
    const shot = new Set(readdirSync(PICTURES));
    const names = (path: Path, state: State) => pictureName(path, state, look.size.width, look.lang);
    const all = paths.flatMap((path) =>
      states.map((state) => ({ path, state, why: impossible(path, state) })),
    );
    const missing = all.filter(({ path, state, why }) => why === null && !shot.has(names(path, state)));
    expect(missing.map(({ path, state }) => `${path}, ${state}`)).toEqual([]);
    // What is called impossible is not seen.
    const seen = all.filter(({ path, state, why }) => why !== null && shot.has(names(path, state)));
    expect(seen).toEqual([]);
    expect(faults.splice(0)).toEqual([]);
  });
});
