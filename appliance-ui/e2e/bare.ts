/**
 * A bare page under any name: for what a browser lets a page of a name do, without the box behind it. It is served
 * with the certificate of the demo box, whose key the browser of the journeys trusts for every name.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { build } from 'vite';
import { demo } from './harness.ts';

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>bare</title><script type="module" src="/page.js"></script>';

export class Bare {
  private readonly server: Server;
  private readonly code: string;

  private constructor(server: Server, code: string) {
    this.server = server;
    this.code = code;
  }

  /** Serves a page with one script, a file of `e2e/bare`. */
  static async serve(script: `${string}.ts`): Promise<Bare> {
    const code = await bundle(join(import.meta.dirname, 'bare', script));
    const pem = readFileSync(join(demo().template, 'gateway', 'tls.pem'), 'utf8');
    const server = createServer({ key: pem, cert: pem }, ({ url }, response) => {
      const isCode = url === '/page.js';
      response.setHeader('content-type', isCode ? 'text/javascript' : 'text/html');
      response.end(isCode ? code : PAGE);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return new Bare(server, code);
  }

  /** Its address under a name; the browser finds every `*.vault.relaybox.invalid` and `*.localhost` here. */
  at(name: string): string {
    return `https://${name}:${(this.server.address() as AddressInfo).port}/`;
  }

  /**
   * The page under a name that the box itself answers on, as the face of that name will be: everything but the page
   * comes from the box.
   */
  async under(context: BrowserContext, origin: string): Promise<string> {
    const page = new URL('/bare', origin).href;
    await context.route(page, (route) => route.fulfill({ body: PAGE, contentType: 'text/html' }));
    const script = { body: this.code, contentType: 'text/javascript' };
    await context.route(new URL('/page.js', origin).href, (route) => route.fulfill(script));
    return page;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}

/** The script with all that it imports, as one module. */
async function bundle(entry: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      minify: false,
      lib: { entry, formats: ['es'], fileName: 'page' },
      // What the library imports only when it is needed stands in the one file, too.
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  const chunks = [built].flat().flatMap((one) => ('output' in one ? one.output : []));
  const code = chunks.find((chunk) => chunk.type === 'chunk');
  if (!code) throw new Error(`${entry} was not built`);
  return code.code;
}
