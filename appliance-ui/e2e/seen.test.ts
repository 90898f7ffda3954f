/** What families must find, or must never be asked for, on the real pages of a real record. */
import { expect, test } from 'vitest';
import { loginWords } from '../portal/src/words/login.ts';
import { demo, person, Visitor } from './harness.ts';
import { firstVisit, makePasskey } from './steps.ts';
import { overflow, settled, to } from './walk.ts';

const w = loginWords.en;

test('no short PIN is asked for, and the page says why', async () => {
  const visitor = await Visitor.arrive();
  await visitor.authenticator();
  await firstVisit(visitor, person(demo().ready, 'Linden Samplewood'));
  await visitor.see(w.noPin);
  const fields = visitor.page.locator('input[inputmode="numeric"], input[type="tel"], input[type="number"]');
  expect(await fields.count()).toBe(0);
  await makePasskey(visitor);
  await visitor.leave();
});

test('every measurement stands with its unit, in both systems', async () => {
  const visitor = await Visitor.arrive();
  await visitor.enter(person(demo().ready, 'Linden Samplewood'));
  await visitor.see('Wren');
  const rows = visitor.page.locator('table.readings tr');
  for (const metric of [false, true]) {
    if (metric) {
      await to(visitor.page, '/settings');
      await visitor.page.getByText('kg, cm, °C').click();
    }
    await to(visitor.page, '/r/1/health/vitals');
    await rows.first().waitFor();
    const said = await rows.allInnerTexts();
    expect(said.length).toBeGreaterThan(5);
    const unit = metric
      ? /kg|cm|°C|%|mmHg|a minute|kg\/m²|weeks/
      : /lb|oz|in|°F|%|mmHg|a minute|kg\/m²|weeks/;
    expect(said.filter((row) => !unit.test(row))).toEqual([]);
    expect(said.some((row) => (metric ? /\d kg/ : /\d lb/).test(row))).toBe(true);
  }
  await visitor.leave();
});

test('the pages of a record fit a phone of 360 px and a finger', async () => {
  const visitor = await Visitor.arrive({ size: { width: 360, height: 640 } });
  await visitor.enter(person(demo().ready, 'Dana Demofield'));
  await visitor.see('Jasper');
  for (const path of ['/r/1', '/r/1/health', '/r/1/health/growth', '/r/1/visits', '/messages', '/more']) {
    await to(visitor.page, path);
    expect(await overflow(visitor.page), path).toEqual([]);
    const low = await visitor.page
      .locator('nav a, main a.li, main button')
      .evaluateAll((all) =>
        all
          .map((one) => one.getBoundingClientRect())
          .filter(({ width, height }) => width > 1 && height > 1 && height < 40),
      );
    expect(low, path).toEqual([]);
  }
  await visitor.leave();
});

test('a message from another window or origin finds nobody who listens', async () => {
  const visitor = await Visitor.arrive();
  const { page } = visitor;
  await page.addInitScript(() => {
    const heard: string[] = [];
    const add = EventTarget.prototype.addEventListener;
    EventTarget.prototype.addEventListener = function (this: EventTarget, ...all: Parameters<typeof add>) {
      if (all[0] === 'message' && this === globalThis) heard.push(all[0]);
      add.apply(this, all);
    };
    Object.assign(globalThis, { heard });
  });
  await visitor.enter(person(demo().ready, 'Linden Samplewood'));
  await visitor.see('Wren');
  await settled(page);
  const before = await visitor.words();
  const listening = () => page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard.length);
  await page.evaluate(() => {
    const said = [
      'skip',
      'forgotten',
      { is: 'open', key: { is: 'new' }, address: null },
      { is: 'forget', id: 1 },
    ];
    for (const data of said) {
      postMessage(data, '*');
      dispatchEvent(new MessageEvent('message', { data, origin: 'https://elsewhere.example' }));
    }
    return new Promise((resolve) => requestAnimationFrame(resolve));
  });
  await settled(page);
  expect(await visitor.words()).toBe(before);
  expect(await listening()).toBe(0);
  expect(await page.evaluate(() => globalThis.onmessage)).toBeNull();
  // Whoever listens is noticed.
  await page.evaluate(() => addEventListener('message', () => {}));
  expect(await listening()).toBe(1);
  await visitor.leave();
});
