/**
 * `make bench-ui`: what a parent waits for, as figures of this machine. Bytes of the first load, first paint on a slow
 * phone in the clinic's network and behind the tunnel.
 */
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { loginWords } from '../portal/src/words/login.ts';
import { Figures, kb, median, s } from './figures.ts';
import { Visitor } from './harness.ts';

/** A phone of the lower half, and the way through the tunnel. */
const SLOW_CPU = 4;
const TUNNEL = { offline: false, downloadThroughput: 9e6 / 8, uploadThroughput: 3e6 / 8, latency: 120 };
const RUNS = 5;

const figures = new Figures();
const say = figures.say.bind(figures);

afterAll(() => figures.print());

test('bytes of the first load', async () => {
  const visitor = await Visitor.arrive();
  const sizes = new Map<string, number>();
  visitor.page.on('requestfinished', async (request) => {
    const kind = /\.(\w+)$/.exec(new URL(request.url()).pathname)?.[1] ?? 'html';
    const { responseBodySize } = await request.sizes();
    sizes.set(kind, (sizes.get(kind) ?? 0) + responseBodySize);
  });
  await visitor.goto('/');
  await visitor.heading(loginWords.en.heading).waitFor();
  await visitor.page.waitForLoadState('networkidle');
  const of = (...names: string[]) => names.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  const code = of('html', 'js', 'css');
  say('first load: page, scripts and styles, brotli', kb(code), '≤ 150 KB');
  say('first load: fonts', kb(of('woff2')));
  expect(code).toBeGreaterThan(10_000);
  await visitor.leave();
});

async function paint(page: Page): Promise<{ fcp: number; lcp: number; blocked: number }> {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        let lcp = 0;
        let blocked = 0;
        new PerformanceObserver((list) => {
          lcp = list.getEntries().at(-1)?.startTime ?? lcp;
        }).observe({ type: 'largest-contentful-paint', buffered: true });
        new PerformanceObserver((list) => {
          for (const task of list.getEntries()) blocked += Math.max(0, task.duration - 50);
        }).observe({ type: 'longtask', buffered: true });
        setTimeout(() => {
          const fcp = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
          resolve({ fcp, lcp, blocked });
        }, 1_500);
      }),
  );
}

for (const [where, network, bars] of [
  ['in the clinic’s network', null, ['≤ 1.2 s', '≤ 1.8 s']],
  ['through the tunnel (9 Mbit/s, 120 ms)', TUNNEL, ['≤ 1.8 s', '≤ 2.5 s']],
] as const) {
  test(`first paint ${where}`, async () => {
    const all = [];
    for (let run = 0; run < RUNS; run += 1) {
      const visitor = await Visitor.arrive();
      const cdp = await visitor.context.newCDPSession(visitor.page);
      await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOW_CPU });
      if (network) {
        await cdp.send('Network.enable');
        await cdp.send('Network.emulateNetworkConditions', network);
      }
      await visitor.goto('/');
      await visitor.heading(loginWords.en.heading).waitFor();
      all.push(await paint(visitor.page));
      await visitor.leave();
    }
    say(`FCP ${where}, CPU ÷${SLOW_CPU}`, s(median(all.map(({ fcp }) => fcp))), bars[0]);
    say(`LCP ${where}, CPU ÷${SLOW_CPU}`, s(median(all.map(({ lcp }) => lcp))), bars[1]);
    say(`blocked ${where}, CPU ÷${SLOW_CPU}`, s(median(all.map(({ blocked }) => blocked))), '≤ 0.5 s');
    expect(all.length).toBe(RUNS);
  });
}
