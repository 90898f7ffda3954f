import { expect, test } from 'vitest';
import type { Resource } from '../protocol/types.ts';
import { visitNote } from './note.ts';

const div = (text: string) => ({ status: 'additional', div: `<div><p>${text}</p></div>` });

const encounter: Resource = {
  resourceType: 'Encounter',
  period: { start: '2026-09-10T11:30:00-05:00' },
  extension: [{ url: 'urn:relaybox:note:1', valueReference: { reference: '#note' } }],
  contained: [
    {
      resourceType: 'Composition',
      id: 'note',
      title: '12-month checkup',
      date: '2026-09-10T11:42:00-05:00',
      section: [
        { title: 'History', text: div('Walks along furniture.') },
        { title: 'Physical exam', text: { div: '<div/>' } },
        { code: { text: 'Plan' }, text: div('Plain ointment.') },
      ],
    },
    { resourceType: 'Condition', id: 'dx1', code: { text: 'Dry skin' } },
  ],
  diagnosis: [{ condition: { reference: '#dx1' } }, { condition: { reference: 'Condition/elsewhere' } }],
};

test('a note is read from its Composition, and an empty section is left out', () => {
  expect(visitNote(encounter)).toEqual({
    title: '12-month checkup',
    when: '2026-09-10T11:30:00-05:00',
    sections: [
      { title: 'History', lines: ['Walks along furniture.'] },
      { title: 'Plan', lines: ['Plain ointment.'] },
    ],
    diagnoses: ['Dry skin'],
  });
});

test('a visit without a Composition shows its own narrative and reason', () => {
  const bare: Resource = {
    resourceType: 'Encounter',
    reasonCode: [{ text: 'Cough' }],
    text: div('Seen for cough.'),
  };
  expect(visitNote(bare)).toEqual({
    title: 'Cough',
    when: null,
    sections: [{ title: null, lines: ['Seen for cough.'] }],
    diagnoses: [],
  });
});

test('an empty visit says nothing, and nothing is invented', () => {
  expect(visitNote({ resourceType: 'Encounter' })).toEqual({
    title: null,
    when: null,
    sections: [],
    diagnoses: [],
  });
});
