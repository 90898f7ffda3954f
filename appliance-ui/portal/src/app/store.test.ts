import type { Session, Snapshot } from '@relaybox/lib/session/api';
import { expect, test } from 'vitest';
import { closeSession, currentSession, openSession, whyClosed } from './store.ts';

function recording(): { session: Session; said: string[] } {
  const said: string[] = [];
  const session: Session = {
    watch: (see) => {
      see({ me: { key: 'aa', npub: 'npub1' } } as Snapshot);
      return () => said.push('unwatched');
    },
    watchChart: () => () => {},
    mayRead: async () => [],
    enter: async () => {},
    leave: async () => {},
    lock: () => said.push('locked'),
  };
  return { session, said };
}

test('closing stops watching and locks the session, once, and says why', () => {
  const { session, said } = recording();
  openSession(session);
  expect(currentSession()).toBe(session);
  closeSession('idle');
  closeSession('asked');
  expect(said).toEqual(['unwatched', 'locked']);
  expect(currentSession()).toBeNull();
  expect(whyClosed()).toBe('idle');
});

test('a second session closes the first', () => {
  const [first, second] = [recording(), recording()];
  openSession(first.session);
  openSession(second.session);
  expect(first.said).toContain('locked');
  expect(second.said).toEqual([]);
  closeSession('asked');
});
