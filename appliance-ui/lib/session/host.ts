/** The worker's side of the channel: an engine that does what the page asks. */

import type { Device, UsedPasskey } from '../device/device.ts';
import type { Event, Hex } from '../protocol/types.ts';
import { chartNews } from './again.ts';
import { type ChartView, type PracticeAddress, SessionError } from './api.ts';
import { Engine, type EngineOptions } from './engine.ts';
import type { Home } from './keep.ts';
import type { Port, ToPage, ToWorker } from './messages.ts';
import { keySigner, type Signer, type Template } from './signer.ts';
import { backUp, unlock } from './unlock.ts';

export interface HostOptions extends Omit<EngineOptions, 'signer' | 'address' | 'practices' | 'home'> {
  /** Where things are kept; null: nowhere. Made when first asked for. */
  readonly device?: () => Device;
}

/** Serves one session until the worker ends. */
export function serve(port: Port<ToPage, ToWorker>, options: HostOptions): void {
  new Host(port, options);
}

class Host {
  private readonly port: Port<ToPage, ToWorker>;
  private readonly options: HostOptions;
  private readonly stops = new Map<number, () => void>();
  /** What each watcher of a chart was sent last. */
  private readonly sent = new Map<number, ChartView>();
  private readonly asked = new Map<number, (answer: Event | string | null) => void>();
  private engine: Engine | null = null;
  private device: Device | null = null;
  private signer: Signer | null = null;
  private online = true;
  private counter = 0;

  constructor(port: Port<ToPage, ToWorker>, options: HostOptions) {
    this.port = port;
    this.options = options;
    port.listen((message) => {
      this.take(message).catch((error: unknown) => this.failed('id' in message ? message.id : null, error));
    });
  }

  private async take(message: ToWorker): Promise<void> {
    switch (message.is) {
      case 'open':
        await this.open(message);
        break;
      case 'passkeys':
        this.port.post({ is: 'passkeys', id: message.id, ids: await this.deviceHere().passkeys() });
        break;
      case 'back-up':
        if (message.used) await this.proveOwner(message.used);
        this.port.post({ is: 'text', id: message.id, text: backUp(this.secret(), message.password) });
        break;
      case 'prove':
        this.port.post({ is: 'proof', id: message.id, ...this.now().prove(message.role) });
        break;
      case 'keep':
        await this.keepUnder(message.made);
        this.port.post({ is: 'done', id: message.id });
        break;
      case 'forget':
        this.engine?.lock();
        await this.deviceHere().forget();
        this.port.post({ is: 'done', id: message.id });
        break;
      case 'watch':
        this.follow(message.id, (engine) =>
          engine.watch((snapshot) => this.port.post({ is: 'snapshot', id: message.id, snapshot })),
        );
        break;
      case 'watch-chart':
        this.follow(message.id, (engine) =>
          engine.watchChart(message.key, (view) => this.port.post(this.news(message.id, view))),
        );
        break;
      case 'unwatch':
        this.stops.get(message.id)?.();
        this.stops.delete(message.id);
        this.sent.delete(message.id);
        break;
      case 'may-read':
        this.port.post({ is: 'may-read', id: message.id, rows: await this.now().mayRead(message.key) });
        break;
      case 'enter':
        await this.now().enter(message.address);
        this.port.post({ is: 'done', id: message.id });
        break;
      case 'leave':
        await this.now().leave(message.practice);
        this.port.post({ is: 'done', id: message.id });
        break;
      case 'poke':
        this.online = message.online;
        this.engine?.poke();
        break;
      case 'signed':
        this.answered(message.id, message.event);
        break;
      case 'decrypted':
        this.answered(message.id, message.text);
        break;
    }
  }

  private async open({ key, address }: ToWorker & { is: 'open' }): Promise<void> {
    if (this.engine) throw new SessionError('invalid', 'a session is open already');
    if (key.is === 'outside') {
      this.start(this.outside(key.publicKey), address, [], null);
      return;
    }
    const device = key.is === 'passkey' ? this.deviceHere() : null;
    const { bytes, home } = await unlock(key, device, () => this.engine?.turned());
    const signer = keySigner(bytes);
    bytes.fill(0);
    if (key.is === 'secret') key.bytes.fill(0);
    this.start(signer, address, (await home?.practices()) ?? [], home);
  }

  private start(
    signer: Signer,
    address: PracticeAddress | null,
    practices: readonly PracticeAddress[],
    home: Home | null,
  ): void {
    const first = address ?? practices[0];
    if (!first) throw new SessionError('invalid', 'no practice was entered yet');
    const relay = { online: () => this.online, ...this.options.relay };
    this.signer = signer;
    this.engine = new Engine({ ...this.options, relay, signer, address: first, practices, home });
    this.port.post({ is: 'opened' });
  }

  private async keepUnder(made: UsedPasskey & { readonly id: string }): Promise<void> {
    const engine = this.now();
    const person = new Uint8Array(this.secret());
    const home = await this.deviceHere().add(made, person, () => this.engine?.turned());
    person.fill(0);
    await engine.settle(home);
  }

  /** Whoever holds the device in an open session is not yet the one whose key it is. */
  private async proveOwner(used: UsedPasskey): Promise<void> {
    if (!(await this.deviceHere().opens(used, this.secret())))
      throw new SessionError('wrong-key', 'this passkey opens another key');
  }

  /** The raw key; a signer outside has none to give. */
  private secret(): Uint8Array {
    const secret = this.signer?.secret;
    if (!secret) throw new SessionError('invalid', 'the key is not here');
    return secret.bytes();
  }

  private deviceHere(): Device {
    this.device ??= this.options.device?.() ?? null;
    if (!this.device) throw new SessionError('storage', 'nothing is kept here');
    return this.device;
  }

  /** A signer on the page's side: an extension, or a signer far away. */
  private outside(publicKey: Hex): Signer {
    return {
      publicKey,
      secret: null,
      signEvent: (template: Template) =>
        this.ask(
          (id) => ({ is: 'sign', id, template }),
          (answer) => (typeof answer === 'object' ? answer : null),
        ),
      nip44Decrypt: (peer: Hex, payload: string) =>
        this.ask(
          (id) => ({ is: 'decrypt', id, peer, payload }),
          (answer) => (typeof answer === 'string' ? answer : null),
        ),
    };
  }

  private ask<T>(
    message: (id: number) => ToPage,
    read: (answer: Event | string | null) => T | null,
  ): Promise<T> {
    this.counter += 1;
    const id = this.counter;
    return new Promise((resolve, reject) => {
      this.asked.set(id, (answer) => {
        const value = read(answer);
        if (value === null) reject(new SessionError('cancelled', 'the signer did not answer'));
        else resolve(value);
      });
      this.port.post(message(id));
    });
  }

  private answered(id: number, answer: Event | string | null): void {
    const take = this.asked.get(id);
    this.asked.delete(id);
    take?.(answer);
  }

  private follow(id: number, start: (engine: Engine) => () => void): void {
    this.stops.get(id)?.();
    this.stops.set(id, start(this.now()));
  }

  private news(id: number, view: ChartView): ToPage {
    const before = this.sent.get(id);
    this.sent.set(id, view);
    return chartNews(id, before, view);
  }

  private now(): Engine {
    if (!this.engine) throw new SessionError('locked', 'no session is open');
    return this.engine;
  }

  private failed(id: number | null, error: unknown): void {
    const code = error instanceof SessionError ? error.code : 'internal';
    const why = error instanceof SessionError ? error.message : 'something broke in the worker';
    this.port.post({ is: 'failed', id, code, why });
  }
}
