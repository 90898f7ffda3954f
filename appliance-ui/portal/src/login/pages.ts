/** The pages beside the door, one chunk. */
export { FirstTime } from './first.tsx';
export { Keep } from './keep.tsx';
export { Lost } from './lost.tsx';
export { MoreWays } from './more-ways.tsx';
