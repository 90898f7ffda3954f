/** The desk of a practice, as the staff's programs will use it: tokens, keys that wait, signing in. */

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { request } from 'node:https';
import { sign } from '../lib/protocol/event.ts';
import { SecretKey } from '../lib/protocol/keys.ts';
import type { Ready } from '../lib/relay/box.test-helper.ts';

/** A key that waits. */
export interface Waiting {
  readonly key: string;
  readonly role: string;
  readonly pop: string;
  readonly words: readonly string[];
}

export class Desk {
  private readonly origin: URL;
  private readonly key: SecretKey;

  constructor(ready: Pick<Ready, 'origins'>, { secret }: { readonly secret: string }) {
    const key = SecretKey.fromHex(secret);
    if (!key) throw new Error('no key');
    this.origin = new URL(ready.origins.admin);
    this.key = key;
  }

  async token(): Promise<string> {
    const { token } = (await this.ask('POST', '/api/enrolments')) as { token: string };
    return token;
  }

  async waiting(): Promise<readonly Waiting[]> {
    return (await this.ask('GET', '/api/enrolments')) as Waiting[];
  }

  /** One request with its login (NIP-98). Policy comes a moment after the start; until then everybody waits. */
  private async ask(method: string, path: string): Promise<unknown> {
    for (;;) {
      const { status, body } = await this.send(method, path);
      if (status < 300) return body;
      if ((body as { code?: string } | null)?.code !== 'relay') throw new Error(`${status} for ${path}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  private send(method: string, path: string): Promise<{ status: number; body: unknown }> {
    const tags = [
      ['u', new URL(path, this.origin).href],
      ['method', method],
      ['nonce', createHash('sha256').update(`${Math.random()}`).digest('hex')],
    ];
    const event = sign(this.key, 27_235, tags, '', Math.floor(Date.now() / 1_000));
    const authorization = `Nostr ${Buffer.from(JSON.stringify(event)).toString('base64')}`;
    const options = {
      host: '127.0.0.1',
      port: this.origin.port,
      servername: this.origin.hostname,
      method,
      path,
      headers: { host: this.origin.host, authorization },
      // The box of this test, on this machine.
      rejectUnauthorized: false,
    };
    return new Promise((resolve, reject) => {
      request(options, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString();
          resolve({ status: answer.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) });
        });
      })
        .on('error', reject)
        .end();
    });
  }
}
