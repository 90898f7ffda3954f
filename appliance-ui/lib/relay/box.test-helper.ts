/** The real box for tests in Node: a demo practice in a directory of its own, on ports of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { PracticeAddress } from '../session/api.ts';

export interface DemoPerson {
  readonly name: string;
  readonly role: string;
  readonly pubkey: string;
  readonly secret?: string;
  readonly children: readonly string[];
}

/** The line that the box prints when it is ready. */
export interface Ready {
  /** Start page, portal and the administration's interface, each with its closing slash. */
  readonly origins: { readonly start: string; readonly portal: string; readonly admin: string };
  readonly relay: string;
  readonly relay_plain: string;
  readonly ca: string;
  readonly practice: string;
  readonly epochs: readonly { readonly n: number; readonly desk: string; readonly chart: string }[];
  readonly persons: readonly DemoPerson[];
}

const ROOT = join(import.meta.dirname, '..', '..', '..');
const BINARY = process.env.RELAYBOX_BIN ?? join(ROOT, 'target', 'debug', 'relaybox');
const STOP_MS = 20_000;

export class Box {
  readonly ready: Ready;
  /** What the box keeps. */
  readonly folder: string;
  private readonly child: ChildProcess;

  private constructor(ready: Ready, directory: string, child: ChildProcess) {
    this.ready = ready;
    this.folder = directory;
    this.child = child;
  }

  /** Starts a box with the demo practice, or with what a directory holds (it is copied). */
  static async start(from?: string, ...args: string[]): Promise<Box> {
    if (!existsSync(BINARY)) throw new Error(`no box at ${BINARY}: build it first, or set RELAYBOX_BIN`);
    const directory = mkdtempSync(join(tmpdir(), 'relaybox-ui-'));
    if (from) cpSync(from, directory, { recursive: true });
    return Box.run(directory, from ? args : ['--demo', ...args]);
  }

  /** Stops the box and starts it again on what it holds and on the same port. */
  async restart(...args: string[]): Promise<Box> {
    await this.halt();
    return Box.run(this.folder, args, new URL(this.ready.relay_plain).port);
  }

  private static async run(directory: string, args: readonly string[], port = '0'): Promise<Box> {
    const all = ['dev', '--json', '--listen', '127.0.0.1:0', '--plain-relay', `127.0.0.1:${port}`];
    const child = spawn(BINARY, [...all, '--data', directory, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve);
      child.once('exit', (code) => reject(new Error(`the box ended with ${code} before it was ready`)));
    });
    return new Box(JSON.parse(line) as Ready, directory, child);
  }

  /** The address of the plain relay: loopback, without TLS. */
  get address(): PracticeAddress {
    return { relay: this.ready.relay_plain, practice: this.ready.practice, next: null, name: 'Demo' };
  }

  /** Demo persons of a role whose secret the demo tells. */
  holders(role: string): readonly (DemoPerson & { readonly secret: string })[] {
    return this.ready.persons.flatMap((person) =>
      person.role === role && person.secret ? [{ ...person, secret: person.secret }] : [],
    );
  }

  /** Stops the box and removes what it held. */
  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends the process as a power cut would; the relay's port goes silent. */
  async halt(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }
}
