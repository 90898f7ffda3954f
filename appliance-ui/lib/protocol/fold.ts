/**
 * The one fold engine (docs/ref/protocol.md 2.1 "Fold", twin of `firmware/protocol/src/fold`): records that the
 * reader rule shows, to the chart of one patient.
 *
 * Nothing is ever replaced in place: a new version names its predecessor, and the fold says what stands. Two
 * successors of one event are a conflict that names both. The order of the input never matters, and `createdAt`
 * orders nothing but versions inside an import, where no receipt of the act exists.
 */
export { activeAllergies } from './fold/allergies.ts';
export { conflicts, fold, itemOf, items, pendingOrders } from './fold/chart.ts';
export { isWhole } from './fold/coverage.ts';
export { changeOf, changeUrl, markerOf, reissued } from './fold/record.ts';
export { join } from './fold/retries.ts';
export type * from './fold/types.ts';
export { contentVersion, currentVersion, hasId, headVersions, statusOf } from './fold/versions.ts';
