/**
 * `make bench-ui`: how long a parent waits for a long record. Cold: a device that holds nothing, from the start of the
 * session's worker. Warm: a device with passkey and saved record, from the touch. Pages: from the tap until they stand.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { homeWords } from '../portal/src/words/home.ts';
import { loginWords } from '../portal/src/words/login.ts';
import { shellWords } from '../portal/src/words/shell.ts';
import { Figures, median, s } from './figures.ts';
import { person, Visitor } from './harness.ts';
import { CHILD, type Large, large, PARENT } from './large.ts';
import { firstVisit, makePasskey } from './steps.ts';
import { settled, to } from './walk.ts';

const SLOW_CPU = 4;
const RUNS = 3;
const home = homeWords.en;

const figures = new Figures();
afterAll(() => figures.print());

const times = async (run: () => Promise<number>, runs = RUNS): Promise<number> => {
  const all: number[] = [];
  for (let n = 0; n < runs; n += 1) all.push(await run());
  return median(all);
};

/** Milliseconds of the page's clock at which each of these words stood there first. */
async function watchWords(page: Page, words: Readonly<Record<string, string>>): Promise<void> {
  await page.addInitScript((wanted) => {
    const seen: Record<string, number> = {};
    const look = () => {
      const text = document.querySelector('main')?.textContent ?? '';
      for (const [name, word] of Object.entries(wanted))
        if (seen[name] === undefined && new RegExp(word).test(text)) seen[name] = performance.now();
    };
    Object.assign(globalThis, { seen });
    new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
  }, words);
}

const seenAt = async (page: Page, name: string): Promise<number> => {
  const handle = await page.waitForFunction(
    (word) => (globalThis as unknown as { seen: Record<string, number> }).seen[word],
    name,
    { timeout: 170_000 },
  );
  return (await handle.jsonValue()) ?? 0;
};

async function slow(visitor: Visitor): Promise<void> {
  const cdp = await visitor.context.newCDPSession(visitor.page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOW_CPU });
}

/** From the start of the worker until the record stands, and until all of it is counted. */
async function cold({ box }: Large): Promise<{ readonly first: number; readonly usable: number }> {
  const visitor = await Visitor.arrive({ ready: box.ready });
  await watchWords(visitor.page, { usable: home.health(CHILD) });
  await slow(visitor);
  await visitor.enter(person(box.ready, PARENT));
  const usable = await seenAt(visitor.page, 'usable');
  const started = await visitor.page.evaluate(
    () =>
      performance.getEntriesByType('resource').find(({ name }) => /worker-[\w-]+\.js$/.test(name))
        ?.startTime ?? 0,
  );
  await visitor.leave();
  return { first: usable, usable: usable - started };
}

/** Clicks, and waits until the page stands: the milliseconds between, by the page's own clock. */
async function paint(page: Page, path: string, ready: string): Promise<number> {
  await to(page, '/r/1');
  await page.waitForLoadState('networkidle');
  return page.evaluate(
    ([address, selector]) =>
      new Promise<number>((resolve) => {
        const from = performance.now();
        const look = () => {
          if (document.querySelector(selector) === null || document.querySelector('.skel')) return false;
          requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - from)));
          return true;
        };
        const observer = new MutationObserver(() => look() && observer.disconnect());
        observer.observe(document, { childList: true, subtree: true });
        history.pushState({}, '', address);
        dispatchEvent(new PopStateEvent('popstate', { state: {} }));
      }),
    [path, ready] as const,
  );
}

/** From the touch until the record stands, on a device that keeps it. */
async function warm(visitor: Visitor): Promise<number> {
  const { page } = visitor;
  await page.getByRole('button', { name: shellWords.en.lock }).click();
  await visitor.see(loginWords.en.lockedAsked);
  return page.evaluate(
    ([button, word]) =>
      new Promise<number>((resolve) => {
        const from = performance.now();
        const observer = new MutationObserver(() => {
          if (!document.querySelector('main')?.textContent?.includes(word)) return;
          observer.disconnect();
          requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - from)));
        });
        observer.observe(document, { childList: true, subtree: true, characterData: true });
        const all = [...document.querySelectorAll('button')];
        all.find(({ textContent }) => textContent === button)?.click();
      }),
    [loginWords.en.passkey, home.health(CHILD)] as const,
  );
}

for (const [count, bars] of [
  [500, { cold: '≤ 1.5 s', warm: '≤ 0.4 s' }],
  [5_000, { cold: '', warm: '' }],
] as const) {
  test(`a chart of ${count} events`, { timeout: 900_000 }, async () => {
    const one = await large(count);
    try {
      const colds = [];
      for (let n = 0; n < RUNS; n += 1) colds.push(await cold(one));
      figures.say(
        `${count} events, cold: from the session's start`,
        s(median(colds.map(({ usable }) => usable))),
        bars.cold,
      );
      figures.say(
        `${count} events, cold: from the first request`,
        s(median(colds.map(({ first }) => first))),
      );

      const visitor = await Visitor.arrive({ ready: one.box.ready });
      await visitor.authenticator();
      await firstVisit(visitor, person(one.box.ready, PARENT));
      await makePasskey(visitor);
      visitor.page.setDefaultTimeout(300_000);
      visitor.page.setDefaultTimeout(300_000);
      await visitor.see(/Saved on this phone/);
      await pause(500);
      await slow(visitor);
      figures.say(`${count} events, warm: from the touch`, s(await times(() => warm(visitor))), bars.warm);
      for (const [name, path, ready] of [
        ['growth page', '/r/1/health/growth', 'main svg path'],
        ['results page', '/r/1/health/results', 'main .foot'],
        ['visits page', '/r/1/visits', 'main .lines'],
      ] as const) {
        // The first time fetches the page's script.
        await paint(visitor.page, path, ready);
        const ms = await times(() => paint(visitor.page, path, ready));
        figures.say(`${count} events, ${name}: from the tap, CPU ÷${SLOW_CPU}`, s(ms));
        expect(ms).toBeGreaterThan(0);
      }
      await settled(visitor.page);
      await visitor.leave();
    } finally {
      await one.stop();
    }
  });
}
