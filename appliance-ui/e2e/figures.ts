/** Figures of a bench: medians of several runs beside their bars, printed with the machine and its load. */
import { cpus, loadavg } from 'node:os';

export const median = (all: readonly number[]): number =>
  [...all].sort((a, b) => a - b)[all.length >> 1] ?? 0;
export const kb = (bytes: number): string => `${(bytes / 1000).toFixed(1)} KB`;
export const s = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

export class Figures {
  private readonly lines: string[] = [];
  private readonly before = loadavg()[0] ?? 0;

  say(what: string, is: string, bar = ''): void {
    this.lines.push(`| ${what} | ${is} | ${bar} |`);
  }

  print(): void {
    const cpu = cpus();
    const build = (process.env.RELAYBOX_BIN ?? '').includes('release') ? 'release' : 'debug';
    const load = `load average ${this.before.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after`;
    process.stdout.write(
      `\n${cpu[0]?.model.trim()}, ${cpu.length} cores, ${load}; Node ${process.version}; box: ${build} build\n\n` +
        `| what | measured | bar |\n|---|---|---|\n${this.lines.join('\n')}\n\n`,
    );
  }
}
