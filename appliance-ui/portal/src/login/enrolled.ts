/** The key that waits at the clinic, sent from this page: in memory only, and only as long as the page is open. */
import type { Enrolled } from '@relaybox/lib/login/api';

let now: Enrolled | null = null;

export const noteEnrolled = (enrolled: Enrolled): void => {
  now = enrolled;
};

/** What is known of this key, if it is the one that waits. */
export const enrolledAs = (key: string | undefined): Enrolled | null => (now?.key === key ? now : null);
