/** The worker of a face: the one place where a person's key and opened records are. Ending it is the lock. */
import { Device } from '../device/device.ts';
import { serve } from './host.ts';
import type { ToPage, ToWorker } from './messages.ts';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

serve(
  {
    post: (message: ToPage) => scope.postMessage(message),
    listen: (take) => scope.addEventListener('message', ({ data }) => take(data as ToWorker)),
  },
  { device: () => new Device() },
);
