/**
 * The states of a page, where each can occur, and the records that bring them about. A route without a picture of a
 * state is a fault, unless it is said here why the state cannot be.
 */
import { sign } from '../lib/protocol/event.ts';
import { buildPatientGrant } from '../lib/protocol/grants.ts';
import { prove } from '../lib/protocol/keys.ts';
import { kinds } from '../lib/protocol/kinds.ts';
import { orThrow } from '../lib/protocol/result.ts';
import { Practice } from '../lib/protocol/testing/practice.ts';
import { keys } from '../lib/protocol/testing.ts';
import type { Event } from '../lib/protocol/types.ts';
import { Box } from '../lib/relay/box.test-helper.ts';
import { type Family, familyOf } from '../lib/session/planted.test-helper.ts';
import { Staff } from '../lib/session/staff.test-helper.ts';
import type { Path } from '../portal/src/app/paths.ts';
import { demo, person } from './harness.ts';

export const states = ['loading', 'empty', 'error', 'offline', 'quarantine', 'ended', 'damaged'] as const;
export type State = (typeof states)[number];

/** Pages about the person, the device and the clinic. */
const ofThePerson: readonly Path[] = ['/practices', '/keys', '/keys/undo', '/settings', '/about', '/more'];
const ofOneRecord: readonly Path[] = ['/r/$n/visits/$m', '/messages/$m', '/r/$n/health/vaccines/paper'];

/** Why a route cannot be in a state; null: it can. */
export function impossible(path: Path, state: State): string | null {
  const door = path.startsWith('/in');
  if (state === 'error') return null;
  if (state === 'offline')
    return path === '/in/lost' || path === '/in/keep' ? 'it asks no box for anything' : null;
  if (door) return 'nobody has signed in, or no record is asked for';
  if (ofThePerson.includes(path)) return 'it holds nothing of a record';
  if (state === 'damaged' && path !== '/r/$n/apart') return 'counted with what is kept apart: quarantine';
  if (path === '/' && state !== 'loading' && state !== 'empty') return 'it leads to the first record';
  if (path === '/r/$n/readers' && (state === 'empty' || state === 'quarantine'))
    return 'it lists keys, and whoever reads it has one';
  if (state === 'quarantine' && ofOneRecord.includes(path))
    return 'it shows what passed; the page before it says what did not';
  return null;
}

/** A child's record with one piece that arrived damaged, and the event that ends the parent's access. */
export interface Told {
  readonly family: Family;
  readonly end: Event;
}

/** Writes a damaged record into a box of its own, reads all as the parent, then ends the access. */
export async function damagedThenEnded(name: string): Promise<Told> {
  const box = await Box.start(demo().template);
  try {
    const parent = person(box.ready, name);
    const child = parent.children[0] ?? '';
    const staff = await Staff.logIn(box, person(box.ready, 'Dr. Alba Testwell'));
    // A body whose type is not that of its kind: as good as cut off, and nobody but the reader can tell.
    const broken = { resourceType: 'Condition', code: { text: 'cut' } };
    await staff.publish(staff.seal(kinds.observation, broken, child));
    await staff.receipts();
    const family = await familyOf(box, parent);
    const end = await staff.endLink(child, parent.pubkey);
    staff.stop();
    return { family, end };
  } finally {
    await box.stop();
  }
}

/** A practice that has registered a child and written nothing: its key, a parent's key, and all events. */
export interface Empty {
  readonly practice: string;
  readonly parent: string;
  readonly events: readonly Event[];
}

export function emptyPractice(): Empty {
  const practice = new Practice();
  practice.rotate();
  practice.hire('doctor', 'doctor');
  practice.hire('desk', 'frontdesk');
  const child = practice.key('child');
  const resource = {
    resourceType: 'Patient',
    name: [{ family: 'Blankfield', given: ['Alma'] }],
    birthDate: '2026-05-20',
    gender: 'female',
  };
  const pop = ['pop', child, prove(keys('child'), practice.key('practice'), 'subject', practice.random)];
  practice.take(
    practice.staff('desk', {
      kind: kinds.patient,
      resource,
      subject: 'child',
      compartment: 'desk',
      extra: [pop],
    }),
  );
  const link = practice.take(practice.link('child', 'mother'));
  const rows = (['desk', 'chart'] as const).map((compartment) => {
    const pair = practice.pair(compartment);
    return { epochKey: pair.public, subject: child, key: orThrow(pair.readerKey(child)) };
  });
  const to = { reader: practice.key('mother'), authority: link.id };
  const grant = buildPatientGrant(keys('doctor'), to, rows, practice.now, practice.random);
  const profile = JSON.stringify({ name: 'Larkfield Pediatrics' });
  const named = sign(keys('practice'), kinds.metadata, [], profile, practice.now);
  return {
    practice: practice.key('practice'),
    parent: keys('mother').toHex(),
    events: [...practice.material, grant, named],
  };
}
