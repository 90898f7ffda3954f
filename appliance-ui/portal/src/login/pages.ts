/** The pages before sign-in, one chunk. */
export { FirstTime } from './first.tsx';
export { Lost } from './lost.tsx';
export { MoreWays } from './more-ways.tsx';
export { SignIn } from './sign-in.tsx';
