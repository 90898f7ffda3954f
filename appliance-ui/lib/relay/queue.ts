/** Live events in the order of their coming, at most so many waiting for whoever takes them. */
import type { Event } from '../protocol/types.ts';

export class LiveQueue {
  private readonly max: number;
  private readonly take: (events: readonly Event[]) => void | Promise<void>;
  private readonly overflow: () => void;
  private waiting: Event[] = [];
  private busy = false;
  private stopped = false;

  constructor(max: number, take: (events: readonly Event[]) => void | Promise<void>, overflow: () => void) {
    this.max = max;
    this.take = take;
    this.overflow = overflow;
  }

  push(event: Event): void {
    if (this.stopped) return;
    this.waiting.push(event);
    if (this.waiting.length > this.max) {
      this.stop();
      this.overflow();
    } else if (!this.busy) {
      void this.run();
    }
  }

  stop(): void {
    this.stopped = true;
    this.waiting = [];
  }

  private async run(): Promise<void> {
    this.busy = true;
    try {
      while (this.waiting.length > 0) {
        const events = this.waiting;
        this.waiting = [];
        await this.take(events);
      }
    } finally {
      this.busy = false;
    }
  }
}
