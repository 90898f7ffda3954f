/** What is read out of a record is read once for each snapshot of it: a chart of 20,000 events must not be read at every key press. */
import type { ChartView } from '@relaybox/lib/session/api';

export function once<T>(read: (view: ChartView) => T): (view: ChartView) => T {
  const known = new WeakMap<ChartView, { readonly value: T }>();
  return (view) => {
    const held = known.get(view) ?? { value: read(view) };
    known.set(view, held);
    return held.value;
  };
}
