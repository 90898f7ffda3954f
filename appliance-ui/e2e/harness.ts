/**
 * A visitor: one browser context at the portal of a box, with everything watched that a journey must never do: a
 * request to anybody but that box, a script that the page's policy refuses, an error that nobody caught.
 */
import { join } from 'node:path';
import {
  type Browser,
  type BrowserContext,
  type CDPSession,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';
import { expect, inject, onTestFailed } from 'vitest';
import type { DemoPerson, Ready } from '../lib/relay/box.test-helper.ts';
import type { HandClock } from './clock.ts';

/** What the set-up hands to every journey. */
export interface Demo {
  /** A folder of a stopped box with the demo practice, for journeys that write: `Box.start(demo.template)`. */
  readonly template: string;
  /** A box over the same practice, for journeys that only read. */
  readonly ready: Ready;
  /** A box of another practice that knows the same families. */
  readonly second: Ready;
  readonly browser: string;
  readonly fingerprints: readonly string[];
}

/** What a visitor saw when a journey failed. */
const FAILED = join(import.meta.dirname, '..', '..', 'target', 'failed');

export const demo = (): Demo => inject('demo');

let shared: Promise<Browser> | null = null;
const browser = (): Promise<Browser> => {
  shared ??= chromium.connect(demo().browser);
  return shared;
};

export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 900 };

export interface VisitOptions {
  readonly ready?: Ready;
  readonly lang?: 'en' | 'es';
  readonly size?: { readonly width: number; readonly height: number };
  readonly dark?: boolean;
  /** The device's clock is the test's. */
  readonly clock?: HandClock;
  /** Without a service worker. */
  readonly noCache?: boolean;
  /** Hosts beside the box's own that this journey speaks to, because a person entered them. */
  readonly hosts?: readonly string[];
}

/** What was seen of a context since it began. */
export class Watch {
  readonly requests: string[] = [];
  readonly sockets: string[] = [];
  readonly refused: string[] = [];
  readonly errors: string[] = [];

  on(context: BrowserContext): void {
    context.on('request', (request) => this.requests.push(request.url()));
    context.on('page', (page) => this.page(page));
    context.on('weberror', (error) => this.errors.push(String(error.error())));
    context.on('console', (message) => {
      const text = message.text();
      if (/Content Security Policy|Trusted ?Types?|TrustedHTML|TrustedScript/i.test(text))
        this.refused.push(text);
    });
  }

  private page(page: Page): void {
    page.on('websocket', (socket) => this.sockets.push(socket.url()));
  }

  /** Hosts of all requests, with ports. Pages made in the browser itself have none. */
  hosts(): string[] {
    const urls = [...this.requests, ...this.sockets].filter((url) => !/^(data|blob|about):/.test(url));
    return [...new Set(urls.map((url) => new URL(url).host))].sort();
  }
}

export class Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly watch: Watch;
  readonly ready: Ready;
  readonly lang: 'en' | 'es';
  private readonly hosts: readonly string[];

  private constructor(
    context: BrowserContext,
    page: Page,
    watch: Watch,
    ready: Ready,
    options: VisitOptions,
  ) {
    this.context = context;
    this.page = page;
    this.watch = watch;
    this.ready = ready;
    this.lang = options.lang ?? 'en';
    this.hosts = options.hosts ?? [];
  }

  static async arrive(options: VisitOptions = {}): Promise<Visitor> {
    const context = await (await browser()).newContext({
      viewport: options.size ?? PHONE,
      locale: options.lang === 'es' ? 'es-US' : 'en-US',
      timezoneId: 'America/New_York',
      colorScheme: options.dark ? 'dark' : 'light',
      // Files that a test gives in place of the box's come from the test, not from a cache.
      serviceWorkers: options.clock || options.noCache ? 'block' : 'allow',
    });
    await options.clock?.wind(context);
    return Visitor.of(context, options);
  }

  /** A visitor in a context that the journey made itself (a profile that outlives the browser). */
  static async of(context: BrowserContext, options: VisitOptions = {}): Promise<Visitor> {
    const watch = new Watch();
    watch.on(context);
    const ready = options.ready ?? demo().ready;
    const page = await context.newPage();
    onTestFailed(async ({ task }) => {
      const name = `${task.name.slice(0, 60).replaceAll(/\W+/g, '-')}.${ready.persons.length}.png`;
      await page.screenshot({ path: join(FAILED, name) }).catch(() => null);
      await context.close().catch(() => null);
    });
    return new Visitor(context, page, watch, ready, options);
  }

  /** Another tab of the same browser. */
  async tab(): Promise<Visitor> {
    const options = { ready: this.ready, lang: this.lang, hosts: this.hosts };
    return new Visitor(this.context, await this.context.newPage(), this.watch, this.ready, options);
  }

  get portal(): string {
    return this.ready.origins.portal;
  }

  async goto(path = '/'): Promise<void> {
    await this.page.goto(new URL(path, this.portal).href);
  }

  /** The one-click way in of a demo box. */
  async enter(person: DemoPerson): Promise<void> {
    await this.goto(`/in#dev=${person.pubkey}`);
    await this.page.waitForURL((url) => !url.pathname.startsWith('/in'));
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole('heading', { level: 1, name });
  }

  async press(name: string | RegExp): Promise<void> {
    await this.page.getByRole('button', { name }).or(this.page.getByRole('link', { name })).first().click();
  }

  /** Switches the language at the top of the page. */
  async speak(lang: 'en' | 'es'): Promise<void> {
    await this.page.locator(`button[lang="${lang}"]`).click();
  }

  async see(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /** All words on the page. */
  words(): Promise<string> {
    return this.page.locator('body').innerText();
  }

  /**
   * A security key with PRF that answers every touch, as Chromium's virtual authenticator: a phone's own, or one that
   * is plugged in and gives its secret at `get` only (hmac-secret without hmac-secret-mc), as most of those do.
   */
  async authenticator(
    is: 'built-in' | 'plugged-in' = 'built-in',
  ): Promise<{ readonly cdp: CDPSession; readonly id: string }> {
    const kind =
      is === 'built-in'
        ? ({ transport: 'internal', hasPrf: true } as const)
        : ({ transport: 'usb', hasHmacSecret: true } as const);
    const cdp = await this.context.newCDPSession(this.page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        ...kind,
      },
    });
    return { cdp, id: authenticatorId };
  }

  /** Ends the visit, and says what it did that no visit may. */
  async leave(): Promise<void> {
    await this.context.close();
    const box = [new URL(this.portal).host, new URL(this.ready.relay).host];
    const strangers = this.watch.hosts().filter((host) => ![...box, ...this.hosts].includes(host));
    expect(strangers, 'requests to others').toEqual([]);
    expect(this.watch.refused, 'refused by the content policy').toEqual([]);
    expect(this.watch.errors, 'errors that nobody caught').toEqual([]);
  }
}

export function person(ready: Ready, name: string): DemoPerson & { readonly secret: string } {
  const found = ready.persons.find((one) => one.name === name);
  if (!found?.secret) throw new Error(`the demo has nobody called ${name} with a key`);
  return { ...found, secret: found.secret };
}
