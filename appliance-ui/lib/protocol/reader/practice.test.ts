/** What each person is shown by a practice that lives: links end, keys change, receipts go missing, boxes are restored. */
import { expect, test } from 'vitest';
import { Keyring } from '../epochs.ts';
import { sign } from '../event.ts';
import type { GrantRow } from '../grants.ts';
import { kinds } from '../kinds.ts';
import { Held, type Outcome, Reader } from '../reader.ts';
import { orThrow } from '../result.ts';
import { Practice, type Written } from '../testing/practice.ts';
import { keys } from '../testing.ts';
import type { Compartment, Event, Resource } from '../types.ts';

const weight = (kg: number): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  valueQuantity: { value: kg },
});
const value = (kg = 9.5): Written => ({ kind: kinds.observation, resource: weight(kg), subject: 'child' });
const text = (words: string, subject = 'child'): Written => ({
  kind: kinds.message,
  resource: { resourceType: 'Communication', payload: [{ contentString: words }] },
  subject,
});

/** Sees both policy chains. */
function staff(practice: Practice, name = 'doctor', given = practice.material): Reader {
  const epochs = practice.events.filter(({ kind }) => kind === kinds.practiceEpoch);
  const grants = practice.grants.filter(({ tags }) => tags[0]?.[1] === practice.key(name));
  const held = Held.staff(Keyring.collect(keys(name), epochs, grants));
  return new Reader({ practice: practice.key('practice'), held, sight: 'staff' }, given);
}

/** Sees the chain of all members and what names the person or the child. */
function person(practice: Practice, name: string, rows: readonly GrantRow[] = []): Reader {
  const held = Held.person(keys(name)).withRows(rows);
  return new Reader({ practice: practice.key('practice'), held, sight: 'own' }, practice.material);
}

function row(practice: Practice, compartment: Compartment, subject: string): GrantRow {
  const pair = practice.pair(compartment);
  const key = orThrow(pair.readerKey(practice.key(subject)));
  return { epochKey: pair.public, subject: practice.key(subject), key };
}

function word(outcome: Outcome | undefined): string | undefined {
  return outcome?.is === 'quarantine' ? outcome.reason : outcome?.is;
}

function words(reader: Reader, ...events: readonly Event[]): readonly (string | undefined)[] {
  const outcomes = reader.read(events, null);
  return events.map(({ id }) => word(outcomes.get(id)));
}

test('every author form is shown to staff', () => {
  const practice = Practice.staffed();
  const confidential: Written = { ...value(), subject: 'teen', compartment: 'confidential' };
  const records = [
    practice.staff('nurse', value()),
    practice.staff('doctor', { ...text('answer'), reader: 'mother' }),
    practice.family('mother', text('question')),
    practice.family('child', { ...text('office'), compartment: 'desk' }),
    practice.staff('doctor', { ...confidential, reader: 'own' }),
    practice.staff('doctor', { ...confidential, reader: null }),
    practice.family('own', { ...text('mine', 'teen'), compartment: 'confidential' }),
  ];
  for (const record of records) practice.receive(record);
  expect(words(staff(practice), ...records)).toEqual(records.map(() => 'shown'));
  expect(words(staff(practice, 'desk'), ...records)).toEqual(
    records.map((_, at) => (at === 3 ? 'shown' : 'sealed')),
  );
  expect(words(person(practice, 'own'), ...records.slice(4))).toEqual(['shown', 'sealed', 'shown']);
});

test('a guardian opens records by the rows of the child, and nothing confidential', () => {
  const practice = Practice.staffed();
  const [chart, answer] = [
    practice.staff('doctor', value()),
    practice.staff('doctor', { ...text('b'), reader: 'child' }),
  ];
  const own = practice.staff('doctor', { ...text('to you'), reader: 'mother' });
  const secret = practice.staff('doctor', { ...value(), compartment: 'confidential', reader: null });
  for (const record of [chart, answer, own, secret]) practice.receive(record);
  expect(words(person(practice, 'mother'), chart, answer, own, secret)).toEqual([
    'sealed',
    'sealed',
    'shown',
    'sealed',
  ]);
  const rows = [row(practice, 'chart', 'child'), row(practice, 'desk', 'child')];
  expect(words(person(practice, 'mother', rows), chart, answer, own, secret)).toEqual([
    'shown',
    'shown',
    'shown',
    'sealed',
  ]);
});

test('what a guardian wrote before the link ended stays shown, and what comes after is kept apart', () => {
  const practice = Practice.staffed();
  const before = practice.family('mother', text('before'));
  practice.receive(before);
  practice.now += 10;
  practice.take(practice.link('child', 'mother', ['desk', 'chart'], { more: [['end']] }));
  practice.now += 10;
  const after = practice.family('mother', text('after'));
  practice.receive(after);
  expect(words(staff(practice), before, after)).toEqual(['shown', 'subject']);
  expect(words(person(practice, 'mother'), before, after)).toEqual(['shown', 'subject']);
});

test('the epoch before is current for the grace and not a second longer', () => {
  const practice = Practice.staffed();
  const old = practice.pair('chart');
  practice.rotate(600);
  const rotated = practice.now;
  practice.grant('doctor', ['desk', 'chart', 'confidential']);
  const late = (seconds: number) => {
    practice.now = rotated + seconds;
    const fresh = practice.staff('doctor', value(seconds));
    // The same record under the key of before.
    practice.epochs.push({
      n: 2,
      desk: practice.pair('desk'),
      chart: old,
      confidential: practice.pair('confidential'),
    });
    const record = practice.staff('doctor', value(seconds));
    practice.epochs.pop();
    practice.receive(record);
    practice.receive(fresh);
    return [record, fresh];
  };
  const [within, first] = late(599);
  const [beyond, second] = late(600);
  const records = [within, first, beyond, second].flatMap((event) => event ?? []);
  expect(words(staff(practice), ...records)).toEqual(['shown', 'shown', 'epoch', 'shown']);
  expect(words(person(practice, 'child'), ...records)).toEqual(['shown', 'shown', 'epoch', 'shown']);
});

test('a member who has left stays the signer of what was signed, and signs nothing more', () => {
  const practice = Practice.staffed();
  const before = practice.staff('nurse', value(1));
  practice.receive(before);
  practice.take(practice.roster('nurse', 'nurse', [], [['end']]));
  practice.now += 1;
  const after = practice.staff('nurse', value(2));
  practice.receive(after);
  for (const reader of [staff(practice), person(practice, 'child')]) {
    expect(words(reader, before, after)).toEqual(['shown', 'not-member']);
  }
});

test('a suspended member signs nothing until the suspension is lifted', () => {
  const practice = Practice.staffed();
  const suspension = practice.take(practice.suspension('doctor', ['p', practice.key('nurse')]));
  const during = practice.staff('nurse', value(1));
  practice.receive(during);
  practice.take(practice.suspension('practice', ['lift', suspension.id]));
  const after = practice.staff('nurse', value(2));
  practice.receive(after);
  for (const reader of [staff(practice), person(practice, 'child')]) {
    expect(words(reader, during, after)).toEqual(['not-member', 'shown']);
  }
});

test('a record whose copy for the patient is damaged is marked for the practice, and kept from the patient', () => {
  const practice = Practice.staffed();
  const record = practice.staff('doctor', value());
  const other = practice.staff('doctor', value(3));
  const copy = other.tags.find(([name]) => name === 'patient-content') ?? [];
  const resigned = (tags: Event['tags']) =>
    sign(keys('doctor'), record.kind, tags, record.content, record.created_at);
  const wrong = resigned(record.tags.map((tag) => (tag[0] === 'patient-content' ? copy : tag)));
  const gone = resigned(record.tags.filter(([name]) => name !== 'patient-content'));
  for (const event of [record, wrong, gone]) practice.receive(event);
  const marks = [record, wrong, gone].map((event) => {
    const outcome = staff(practice).read([event], null).get(event.id);
    return outcome?.is === 'shown' && outcome.marks.copiesDiffer;
  });
  expect(marks).toEqual([false, true, true]);
  expect(words(person(practice, 'child'), record, wrong, gone)).toEqual(['shown', 'commitment', 'body']);
});

test('a body that claims a signature without the act is shown as unsigned', () => {
  const practice = Practice.staffed();
  const party = { reference: `Practitioner/${practice.key('doctor')}` };
  const composition = { resourceType: 'Composition', status: 'final', attester: [{ mode: 'legal', party }] };
  const note: Written = {
    kind: kinds.encounter,
    resource: { resourceType: 'Encounter', contained: [composition] },
    subject: 'child',
  };
  const [signed, unsigned] = [
    practice.staff('doctor', { ...note, sign: true }),
    practice.staff('doctor', note),
  ];
  const plain = practice.staff('doctor', { ...note, resource: { resourceType: 'Encounter' } });
  const outside = practice.staff('doctor', { ...value(), kind: kinds.outsideRecord });
  const records = [signed, unsigned, plain, outside];
  for (const record of records) practice.receive(record);
  const outcomes = staff(practice).read(records, null);
  const marks = records.map(({ id }) => {
    const outcome = outcomes.get(id);
    return outcome?.is === 'shown'
      ? [outcome.record.sign, outcome.marks.unsigned, outcome.marks.outside]
      : null;
  });
  expect(marks).toEqual([
    [true, false, false],
    [false, true, false],
    [false, false, false],
    [false, false, true],
  ]);
});

test('a retry across a rotation is an alias, and one that says something else is kept apart', () => {
  const practice = Practice.staffed();
  const r = 'ab'.repeat(32);
  const first = practice.staff('doctor', { ...value(), r });
  practice.receive(first);
  practice.rotate(0);
  practice.grant('doctor', ['desk', 'chart', 'confidential']);
  practice.now += 1;
  const retry = practice.staff('doctor', { ...value(), r });
  const other = practice.staff('doctor', { ...value(22), r });
  const linked = practice.staff('doctor', { ...value(), r, links: [{ id: first.id, marker: 'correction' }] });
  for (const record of [retry, other, linked]) practice.receive(record);
  const outcomes = staff(practice).read([linked, other, retry, first], null);
  expect(outcomes.get(retry.id)).toEqual({ is: 'alias', of: first.id });
  expect([first, other, linked].map(({ id }) => word(outcomes.get(id)))).toEqual([
    'shown',
    'retry-differs',
    'retry-differs',
  ]);
  const shown = outcomes.get(first.id);
  expect(shown?.is === 'shown' && shown.record.aliases).toEqual([retry.id]);
  // Alone, each is what it says; the act is one only beside the others.
  expect(words(staff(practice), other)).toEqual(['shown']);
});

test('a rekeyed patient reads both halves, and k of n adds both', () => {
  const practice = Practice.staffed();
  const before = practice.staff('doctor', value(1));
  practice.receive(before);
  const old = row(practice, 'chart', 'child');
  practice.take(practice.patient('child-2', { rekey: 'child' }));
  practice.now += 1;
  const after = practice.staff('doctor', { ...value(2), subject: 'child-2' });
  const stale = practice.staff('doctor', value(3));
  practice.receive(after);
  const since = practice.now;
  practice.receive(stale);
  const reader = person(practice, 'child-2', [old]);
  expect(words(reader, before, after, stale)).toEqual(['shown', 'shown', 'subject']);
  const chains = ['child', 'child-2'].map((name) => ({
    is: 'clinical' as const,
    compartment: 'chart' as const,
    subject: practice.key(name),
  }));
  expect(reader.share(chains, new Set([before.id, after.id]))).toEqual({ k: 2, destroyed: 0, n: 3, since });
  expect(reader.share(chains.slice(0, 1), new Set([before.id]))).toMatchObject({ k: 1, destroyed: 0, n: 2 });
});

test('what a destruction order names is destroyed, not withheld', () => {
  const practice = Practice.staffed();
  const records = [practice.staff('doctor', value(1)), practice.staff('doctor', value(2))] as const;
  for (const record of records) practice.receive(record);
  practice.take(practice.ceremony(kinds.destruction, [['e', records[0].id]]));
  const chain = { is: 'clinical', compartment: 'chart', subject: practice.key('child') } as const;
  const reader = staff(practice);
  expect(reader.share([chain], new Set([records[1].id]))).toEqual({ k: 1, destroyed: 1, n: 2, since: null });
  expect(reader.share([chain], new Set(records.map(({ id }) => id)))).toEqual({
    k: 2,
    destroyed: 0,
    n: 2,
    since: null,
  });
});

test('nothing after a hole or a fork of the policy chain counts, and the reader says so', () => {
  const practice = Practice.staffed();
  const before = practice.staff('doctor', value(1));
  practice.receive(before);
  practice.take(practice.roster('locum', 'nurse'));
  const hole = practice.box.receipts.at(-1);
  practice.take(practice.roster('other', 'nurse'));
  const after = practice.staff('doctor', value(2));
  practice.receive(after);
  expect(words(staff(practice), before, after)).toEqual(['shown', 'shown']);
  expect(staff(practice).book.policyState).toBe('whole');

  const holed = staff(
    practice,
    'doctor',
    practice.material.filter(({ id }) => id !== hole?.id),
  );
  expect([holed.book.policyState, ...words(holed, before, after)]).toEqual(['gap', 'shown', 'no-receipt']);
  const eventGone = practice.material.filter(
    ({ id }) => !hole?.tags.some(([name, named]) => name === 'e' && named === id),
  );
  const unknown = staff(practice, 'doctor', eventGone);
  expect([unknown.book.policyState, ...words(unknown, before, after)]).toEqual([
    'gap',
    'shown',
    'no-receipt',
  ]);
  // A second receipt that goes on from the same one, by the same box.
  const fork = sign(keys('box'), kinds.receipt, hole?.tags ?? [], '', practice.now + 5);
  const forked = staff(practice, 'doctor', [...practice.material, fork]);
  expect([forked.book.policyState, ...words(forked, before, after)]).toEqual(['fork', 'shown', 'no-receipt']);
});

test('a restored box goes on, and the later receipts of the old key are void', () => {
  const practice = Practice.staffed();
  practice.rotate(600, 'new box');
  practice.grant('doctor', ['desk', 'chart', 'confidential']);
  const fresh = practice.staff('doctor', value(1));
  practice.receive(fresh);
  practice.box.secret = keys('box');
  const stale = practice.staff('doctor', value(2));
  practice.receive(stale);
  practice.box.secret = keys('stranger');
  const forged = practice.staff('doctor', value(3));
  practice.receive(forged);
  expect(words(staff(practice), fresh, stale, forged)).toEqual(['shown', 'no-receipt', 'no-receipt']);
});

test('a family places its own registration, link and suspension without the chain of staff', () => {
  const practice = Practice.staffed();
  practice.take(practice.link('child', 'father'));
  practice.now += 10;
  const before = practice.family('father', text('one'));
  practice.receive(before);
  practice.now += 10;
  practice.take(practice.suspension('doctor', ['p', practice.key('father')]));
  practice.now += 10;
  const after = practice.family('father', text('two'));
  practice.receive(after);
  const open = practice.box.receipts.filter(({ tags }) => tags[0]?.[1] !== 'policy-staff');
  const held = Held.person(keys('father'));
  const father = new Reader({ practice: practice.key('practice'), held, sight: 'own' }, [
    ...practice.events,
    ...open,
  ]);
  expect([father.book.policyState, ...words(father, before, after)]).toEqual(['whole', 'shown', 'subject']);
  expect(words(staff(practice), before, after)).toEqual(['shown', 'subject']);
});

test('a practice key that is not the trusted one shows nothing', () => {
  const practice = Practice.staffed();
  const record = practice.staff('doctor', value());
  practice.receive(record);
  const held = Held.person(keys('child'));
  const misled = new Reader({ practice: practice.key('stranger'), held, sight: 'own' }, practice.material);
  expect(words(misled, record)).toEqual(['no-receipt']);
  expect(words(person(practice, 'child'), record)).toEqual(['shown']);
});

test('a row in the chain of another person does not count', () => {
  const practice = Practice.staffed();
  const record = practice.staff('doctor', value());
  const rows = [{ id: record.id, received: practice.now, import: false }];
  const chain = { is: 'clinical', compartment: 'chart', subject: practice.key('teen') } as const;
  practice.box.write(chain, practice.pair('chart').public, rows, practice.now);
  expect(words(staff(practice), record)).toEqual(['no-receipt']);
  practice.receive(record);
  expect(words(staff(practice), record)).toEqual(['shown']);
});

test('a receipt of records alone leaves what was judged, and policy that comes late judges it anew', () => {
  const practice = Practice.staffed();
  const first = practice.staff('nurse', value(1));
  practice.receive(first);
  practice.now += 1;
  practice.take(practice.roster('nurse', 'nurse', [], [['end']]));
  practice.now += 1;
  const second = practice.staff('nurse', value(2));
  practice.receive(second);
  const ending = practice.events.at(-1)?.id;
  const late = practice.material.filter(
    ({ id, tags }) => id === ending || tags.some(([, named]) => named === ending),
  );
  const last = practice.box.receipts.at(-1);
  const reader = staff(
    practice,
    'doctor',
    practice.material.filter((event) => event !== last && !late.includes(event)),
  );
  const before = reader.read([first, second], null);
  expect([first, second].map(({ id }) => word(before.get(id)))).toEqual(['shown', 'no-receipt']);
  reader.add(last === undefined ? [] : [last]);
  const then = reader.read([first, second], null);
  expect(then.get(first.id)).toBe(before.get(first.id));
  expect(word(then.get(second.id))).toBe('no-receipt');
  reader.add(late);
  expect(words(reader, first, second)).toEqual(['shown', 'not-member']);
});
