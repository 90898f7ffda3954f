/** Every route in every size and language: clean by axe, not wider than the screen, and photographed. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { paths } from '../portal/src/app/paths.ts';
import { DESK, demo, PHONE, person, type VisitOptions, Visitor } from './harness.ts';
import { addresses, axe, overflow, PICTURES, picture, pictureName, settled, to } from './walk.ts';

/** The whole matrix: dark, letters twice as large, a narrow phone. */
const HEAVY = process.env.RELAYBOX_HEAVY !== undefined;
const NARROW = { width: 320, height: 640 };
/** 1280 px at 200 %: as many CSS pixels as a browser then has. */
const ZOOMED = { width: 640, height: 450 };

const ordinary = (['en', 'es'] as const).flatMap((lang) => [PHONE, DESK].map((size) => ({ lang, size })));
const heavy: VisitOptions[] = (['en', 'es'] as const).flatMap((lang) =>
  [PHONE, DESK, NARROW, ZOOMED].flatMap((size) => [
    { lang, size, dark: true },
    { lang, size },
  ]),
);
const looks: VisitOptions[] = HEAVY ? heavy : ordinary;

const outside = paths.filter((path) => path.startsWith('/in') && path !== '/in/keep');

for (const look of looks) {
  const { lang = 'en', size = PHONE, dark = false } = look;
  const state = dark ? 'dark' : 'read';

  test(`every page is open to all and fits: ${lang}, ${size.width} px${dark ? ', dark' : ''}`, async () => {
    const visitor = await Visitor.arrive(look);
    const { page } = visitor;
    const faults: string[] = [];
    const look1 = async (path: (typeof paths)[number]) => {
      faults.push(...(await axe(page)).map((fault) => `${path}: ${fault}`));
      faults.push(...(await overflow(page)).map((fault) => `${path}: too wide: ${fault}`));
      await picture(page, path, state, lang);
    };
    for (const path of outside) {
      await visitor.goto(path);
      await settled(page);
      await look1(path);
    }
    await visitor.enter(person(demo().ready, 'Dana Demofield'));
    for (const [path, address] of await addresses(visitor)) {
      await to(page, address);
      await look1(path);
    }
    await to(page, '/in/keep');
    await look1('/in/keep');
    expect(faults).toEqual([]);
    await visitor.leave();
  });
}

test('no route is without its picture in each size and language', () => {
  const shot = new Set(readdirSync(PICTURES));
  const wanted = paths.flatMap((path) =>
    [390, 1280].flatMap((width) => ['en', 'es'].map((lang) => pictureName(path, 'read', width, lang))),
  );
  expect(wanted.filter((name) => !shot.has(name))).toEqual([]);
});
