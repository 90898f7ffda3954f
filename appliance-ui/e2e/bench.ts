/**
 * `make bench-ui`: what a parent waits for, as figures of this machine. Bytes of the first load, first paint on a slow
 * phone in the clinic's network, behind the tunnel, and behind it on 3G.
 */
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { loginWords } from '../portal/src/words/login.ts';
import { Figures, kb, median, s } from './figures.ts';
import { Visitor } from './harness.ts';

/** A phone of the lower half, and the way through the tunnel. */
const SLOW_CPU = 4;
const TUNNEL = { offline: false, downloadThroughput: 9e6 / 8, uploadThroughput: 3e6 / 8, latency: 120 };
/**
 * 3G as Lighthouse has it (docs/throttling.md, `mobileSlow4G`, the same as WebPageTest's "Mobile 3G, fast"): 1.6 Mbit/s
 * down, 750 kbit/s up, 150 ms to and fro. A browser slows requests and not packets; for that Lighthouse takes 3.75 times
 * the latency for each request, which stands for the connection's handshakes, and nine tenths of the throughput.
 */
const KBIT = 1024 / 8;
const THREE_G = {
  offline: false,
  downloadThroughput: 1.6 * 1024 * 0.9 * KBIT,
  uploadThroughput: 750 * 0.9 * KBIT,
  latency: 150 * 3.75,
};
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

interface Painted {
  readonly fcp: number;
  readonly lcp: number;
  /** The heading and the way in stand, by the script: from here on a touch does something. */
  readonly usable: number;
  readonly blocked: number;
}

/** Notes when the door can be used, before the page has a script of its own. */
const noteUsable = (page: Page) =>
  page.addInitScript(() => {
    const noted = globalThis as { usable?: number };
    new MutationObserver(() => {
      if (noted.usable !== undefined || !document.querySelector('main h1')) return;
      if (!document.querySelector('main .tall')) return;
      noted.usable = 0;
      requestAnimationFrame(() => setTimeout(() => Object.assign(noted, { usable: performance.now() })));
    }).observe(document, { childList: true, subtree: true });
  });

async function paint(page: Page): Promise<Painted> {
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
          const { usable = 0 } = globalThis as { usable?: number };
          resolve({ fcp, lcp, usable, blocked });
        }, 1_500);
      }),
  );
}

for (const [where, network, bars] of [
  ['in the clinic’s network', null, ['≤ 1.2 s', '≤ 1.8 s', '', '≤ 0.5 s']],
  ['through the tunnel (9 Mbit/s, 120 ms)', TUNNEL, ['≤ 1.8 s', '≤ 2.5 s', '', '≤ 0.5 s']],
  ['on 3G (1.6 Mbit/s, 150 ms)', THREE_G, ['', '', '≤ 3.0 s', '']],
] as const) {
  test(`first paint ${where}`, async () => {
    const all: Painted[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const visitor = await Visitor.arrive();
      const cdp = await visitor.context.newCDPSession(visitor.page);
      await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOW_CPU });
      if (network) {
        await cdp.send('Network.enable');
        await cdp.send('Network.emulateNetworkConditions', network);
      }
      await noteUsable(visitor.page);
      await visitor.goto('/');
      await visitor.heading(loginWords.en.heading).waitFor();
      all.push(await paint(visitor.page));
      await visitor.leave();
    }
    const middle = (of: keyof Painted) => s(median(all.map((one) => one[of])));
    say(`FCP ${where}, CPU ÷${SLOW_CPU}`, middle('fcp'), bars[0]);
    say(`LCP ${where}, CPU ÷${SLOW_CPU}`, middle('lcp'), bars[1]);
    say(`sign-in page to be used ${where}, CPU ÷${SLOW_CPU}`, middle('usable'), bars[2]);
    say(`blocked ${where}, CPU ÷${SLOW_CPU}`, middle('blocked'), bars[3]);
    expect(all.every(({ usable }) => usable > 0)).toBe(true);
  });
}
