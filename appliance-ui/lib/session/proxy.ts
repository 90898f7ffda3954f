/**
 * The page's side of the channel: a `Session` whose work is done in the worker. It holds no key; `lock` ends the
 * worker, and with it everything that was opened.
 */
import type { UsedPasskey } from '../device/device.ts';
import type { KeyRole } from '../protocol/keys.ts';
import type { Hex } from '../protocol/types.ts';
import { chartSeen } from './again.ts';
import {
  type ChartView,
  type MayRead,
  type PracticeAddress,
  type Session,
  SessionError,
  type Snapshot,
} from './api.ts';
import type { Proof } from './engine.ts';
import type { Key, Port, ToPage, ToWorker } from './messages.ts';
import type { Signer } from './signer.ts';

interface Waiting {
  readonly done: (message: ToPage) => void;
  readonly failed: (error: SessionError) => void;
}

export class SessionProxy implements Session {
  private readonly port: Port<ToWorker, ToPage>;
  private readonly end: () => void;
  /** Signs for a worker that has no key; null when the worker has it. */
  private readonly signer: Signer | null;
  private readonly watching = new Map<number, (message: ToPage) => void>();
  private readonly waiting = new Map<number, Waiting>();
  private opening: Waiting | null = null;
  private counter = 0;
  private locked = false;

  /** `end` ends the worker. */
  constructor(port: Port<ToWorker, ToPage>, end: () => void, signer: Signer | null = null) {
    this.port = port;
    this.end = end;
    this.signer = signer;
    port.listen((message) => this.take(message));
  }

  /** Whether somebody on the page's side holds the key. */
  get outside(): boolean {
    return this.signer !== null;
  }

  /** Opens the session; a secret is given away, its buffer is empty afterwards. */
  open(key: Key, address: PracticeAddress | null): Promise<void> {
    const opened = new Promise<void>((resolve, reject) => {
      this.opening = { done: () => resolve(), failed: reject };
    });
    const give = key.is === 'secret' ? [key.bytes.buffer as ArrayBuffer] : [];
    this.port.post({ is: 'open', key, address }, give);
    return opened;
  }

  watch(see: (now: Snapshot) => void): () => void {
    return this.follow(
      (id) => ({ is: 'watch', id }),
      (message) => {
        if (message.is === 'snapshot') see(message.snapshot);
      },
    );
  }

  watchChart(key: Hex, see: (now: ChartView) => void): () => void {
    let last: ChartView | null = null;
    return this.follow(
      (id) => ({ is: 'watch-chart', id, key }),
      (message) => {
        const view = chartSeen(last, message);
        if (view === null) return;
        last = view;
        see(view);
      },
    );
  }

  async mayRead(key: Hex): Promise<readonly MayRead[]> {
    const answer = await this.ask((id) => ({ is: 'may-read', id, key }));
    return answer.is === 'may-read' ? answer.rows : [];
  }

  async enter(address: PracticeAddress): Promise<void> {
    await this.ask((id) => ({ is: 'enter', id, address }));
  }

  async leave(practice: Hex): Promise<void> {
    await this.ask((id) => ({ is: 'leave', id, practice }));
  }

  /**
   * The key as `ncryptsec` under a password. Rejects with `invalid` when the key is not in the worker, with
   * `wrong-key` when `used` is another person's passkey.
   */
  async backUp(password: string, used: UsedPasskey | null = null): Promise<string> {
    const answer = await this.ask((id) => ({ is: 'back-up', id, password, used }));
    return answer.is === 'text' ? answer.text : '';
  }

  /**
   * The key and its proof of possession for the practice that is open. Rejects with `invalid` when the key is not in
   * the worker.
   */
  async prove(role: KeyRole): Promise<Proof> {
    const answer = await this.ask((id) => ({ is: 'prove', id, role }));
    if (answer.is !== 'proof') throw new SessionError('internal', 'no proof came');
    return { key: answer.key, pop: answer.pop };
  }

  /** From now on a passkey opens the key on this device. */
  async keepUnder(made: UsedPasskey & { readonly id: string }): Promise<void> {
    await this.ask((id) => ({ is: 'keep', id, made }));
  }

  /** The passkeys that open something on this device; asked before anybody has signed in. */
  async passkeys(): Promise<readonly Uint8Array<ArrayBuffer>[]> {
    const answer = await this.ask((id) => ({ is: 'passkeys', id }));
    return answer.is === 'passkeys' ? answer.ids : [];
  }

  /** Removes everything that is kept on this device. The session is of no use afterwards. */
  async forget(): Promise<void> {
    await this.ask((id) => ({ is: 'forget', id }));
  }

  /** The network came or went, or the page is seen again. */
  poke(online: boolean): void {
    if (!this.locked) this.port.post({ is: 'poke', online });
  }

  lock(): void {
    if (this.locked) return;
    this.locked = true;
    this.end();
    this.watching.clear();
    const error = new SessionError('locked', 'the session is locked');
    this.opening?.failed(error);
    for (const { failed } of this.waiting.values()) failed(error);
    this.waiting.clear();
  }

  private follow(message: (id: number) => ToWorker, see: (message: ToPage) => void): () => void {
    const id = this.next();
    if (this.locked) return () => {};
    this.watching.set(id, see);
    this.port.post(message(id));
    return () => {
      if (this.watching.delete(id) && !this.locked) this.port.post({ is: 'unwatch', id });
    };
  }

  private ask(message: (id: number) => ToWorker): Promise<ToPage> {
    if (this.locked) return Promise.reject(new SessionError('locked', 'the session is locked'));
    const id = this.next();
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { done: resolve, failed: reject });
      this.port.post(message(id));
    });
  }

  private next(): number {
    this.counter += 1;
    return this.counter;
  }

  private take(message: ToPage): void {
    if (this.locked) return;
    switch (message.is) {
      case 'opened':
        this.opening?.done(message);
        this.opening = null;
        break;
      case 'snapshot':
      case 'chart':
      case 'chart-again':
        this.watching.get(message.id)?.(message);
        break;
      case 'sign':
        this.sign(message);
        break;
      case 'decrypt':
        this.decrypt(message);
        break;
      case 'failed':
        this.failed(message);
        break;
      default:
        this.waiting.get(message.id)?.done(message);
        this.waiting.delete(message.id);
    }
  }

  private failed({ id, code, why }: ToPage & { is: 'failed' }): void {
    const error = new SessionError(code, why);
    if (id === null) {
      this.opening?.failed(error);
      this.opening = null;
      return;
    }
    this.waiting.get(id)?.failed(error);
    this.waiting.delete(id);
  }

  private sign({ id, template }: ToPage & { is: 'sign' }): void {
    const signed = this.signer?.signEvent(template) ?? Promise.reject(new Error('no signer'));
    signed.then(
      (event) => this.answer({ is: 'signed', id, event }),
      () => this.answer({ is: 'signed', id, event: null }),
    );
  }

  private decrypt({ id, peer, payload }: ToPage & { is: 'decrypt' }): void {
    const opened = this.signer?.nip44Decrypt(peer, payload) ?? Promise.reject(new Error('no signer'));
    opened.then(
      (text) => this.answer({ is: 'decrypted', id, text }),
      () => this.answer({ is: 'decrypted', id, text: null }),
    );
  }

  private answer(message: ToWorker): void {
    if (!this.locked) this.port.post(message);
  }
}
