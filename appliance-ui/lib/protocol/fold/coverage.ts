/** What coverage means for a list of the chart. */
import type { Coverage } from './types.ts';

/** Whether the lists of health records lack nothing; messages, visits and demographics may. */
export function isWhole(coverage: Coverage): boolean {
  return coverage === 'clinical' || coverage === 'complete';
}
