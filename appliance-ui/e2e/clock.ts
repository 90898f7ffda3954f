/**
 * The clock of a visitor's device, moved by the test: in the pages and in the session's worker. Time goes on by
 * itself; `pass` lets so much more of it be over, and calls the timers that are due.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';

const DIST = join(import.meta.dirname, '..', 'portal', 'dist');

/** Runs before the scripts of a page, and in front of the worker's. */
function shifted(ahead: number): void {
  const Real = Date;
  const later = setTimeout;
  const never = clearTimeout;
  const waiting = new Map<unknown, { readonly due: number; readonly run: () => void }>();
  let shift = ahead;
  const now = () => Real.now() + shift;
  globalThis.Date = new Proxy(Real, {
    construct: (target, given, of) => Reflect.construct(target, given.length === 0 ? [now()] : given, of),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
  const wait = (call: () => void, ms = 0) => {
    const run = () => {
      waiting.delete(timer);
      call();
    };
    const timer = later(run, ms);
    waiting.set(timer, { due: now() + ms, run });
    return timer;
  };
  globalThis.setTimeout = wait as typeof setTimeout;
  globalThis.clearTimeout = ((timer: number) => {
    waiting.delete(timer);
    never(timer);
  }) as typeof clearTimeout;
  const hand = new BroadcastChannel('hand-clock');
  hand.onmessage = ({ data }) => {
    shift += Number(data);
    for (const [timer, { due, run }] of [...waiting]) {
      if (due > now()) continue;
      never(timer as number);
      run();
    }
  };
}

/** Puts a script in front of that of the session's worker. Needs a context without a service worker. */
export async function beforeWorker(context: BrowserContext, script: string): Promise<void> {
  await context.route(/\/assets\/worker-[\w-]+\.js$/, async (route) => {
    const file = readFileSync(join(DIST, new URL(route.request().url()).pathname), 'utf8');
    await route.fulfill({ body: `${script}${file}`, contentType: 'text/javascript' });
  });
}

export class HandClock {
  /** Milliseconds by which the device's clock is ahead of the true time. */
  readonly ahead: number;

  constructor(ahead = 0) {
    this.ahead = ahead;
  }

  /** From now on pages and workers of the context have this clock. */
  async wind(context: BrowserContext): Promise<void> {
    await context.addInitScript(shifted, this.ahead);
    await beforeWorker(context, `(${shifted})(${this.ahead});`);
  }

  /** Lets so many milliseconds be over. */
  async pass(page: Page, ms: number): Promise<void> {
    await page.evaluate((by) => {
      const hand = new BroadcastChannel('hand-clock');
      hand.postMessage(by);
      hand.close();
    }, ms);
  }
}
