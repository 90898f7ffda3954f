import { describe, expect, test } from 'vitest';
import { kinds } from '../protocol/kinds.ts';
import type { Resource } from '../protocol/types.ts';
import { allergiesIn, documentsIn, medicinesIn, problemsIn } from './lists.ts';
import { chartOf } from './testing.ts';

const coded = (code: string) => ({ coding: [{ code }] });
const allergy = (text: string, more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'AllergyIntolerance',
  clinicalStatus: coded('active'),
  verificationStatus: coded('confirmed'),
  code: { text },
  ...more,
});
const noneKnown = allergy('No known allergy', {
  code: { coding: [{ system: 'http://snomed.info/sct', code: '716186003' }] },
});
const medicine = (text: string, more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'MedicationRequest',
  status: 'active',
  medicationCodeableConcept: { text },
  authoredOn: '2026-05-01',
  ...more,
});

describe('allergies', () => {
  test('tells none recorded, none known, a list and not loaded apart', () => {
    const state = (resources: readonly Resource[], coverage: 'complete' | 'partial' = 'complete') =>
      allergiesIn(
        chartOf(
          resources.map((resource) => ({ resource })),
          coverage,
        ),
      ).state.is;
    expect(state([])).toBe('not-recorded');
    expect(state([noneKnown])).toBe('none-known');
    expect(state([allergy('Peanut')])).toBe('listed');
    expect(state([noneKnown], 'partial')).toBe('not-loaded');
    expect(state([], 'partial')).toBe('not-loaded');
  });

  test('puts the dangerous ones first and says what happened', () => {
    const { current } = allergiesIn(
      chartOf([
        { resource: allergy('Cat') },
        {
          resource: allergy('Peanut', {
            criticality: 'high',
            reaction: [{ manifestation: [{ text: 'Anaphylaxis' }], severity: 'severe' }],
          }),
        },
      ]),
    );
    expect(current.map(({ name }) => name)).toEqual(['Peanut', 'Cat']);
    expect(current[0]?.reactions).toEqual([{ what: ['Anaphylaxis'], severity: 'severe' }]);
  });

  test('keeps what was ruled out among the earlier ones', () => {
    const { current, earlier } = allergiesIn(
      chartOf([
        { resource: allergy('Amoxicillin') },
        {
          resource: allergy('Amoxicillin', { verificationStatus: coded('refuted') }),
          links: [[0, 'status-update']],
        },
        { resource: allergy('Egg', { clinicalStatus: coded('resolved') }) },
      ]),
    );
    expect(current).toEqual([]);
    expect(earlier.map(({ name, now }) => [name, now])).toEqual([
      ['Amoxicillin', 'ruled-out'],
      ['Egg', 'past'],
    ]);
  });

  test('lets the allergy count when an assertion of none stands beside it', () => {
    const list = allergiesIn(chartOf([{ resource: noneKnown }, { resource: allergy('Peanut') }]));
    expect(list).toMatchObject({ clash: true, state: { is: 'listed' } });
    expect(list.current).toHaveLength(1);
    expect(list.none).toHaveLength(1);
  });

  test('takes an allergy without a status for active', () => {
    const { current } = allergiesIn(
      chartOf([{ resource: { resourceType: 'AllergyIntolerance', code: { text: 'Bee' } } }]),
    );
    expect(current.map(({ now }) => now)).toEqual(['current']);
  });
});

describe('medicines', () => {
  test('sorts by what the record says, and does not take silence for active', () => {
    const { current, past } = medicinesIn(
      chartOf([
        { resource: medicine('Iron', { status: 'completed' }) },
        { resource: medicine('Ointment', { dosageInstruction: [{ text: 'Thin layer twice a day' }] }) },
        { resource: medicine('Drops', { status: undefined }) },
        { resource: medicine('Syrup', { status: 'entered-in-error' }) },
      ]),
    );
    expect(current.map(({ name, now, doses }) => [name, now, doses])).toEqual([
      ['Ointment', 'current', ['Thin layer twice a day']],
      ['Drops', 'not-said', []],
    ]);
    expect(past.map(({ name }) => name)).toEqual(['Iron']);
  });

  test('reads drug, dose and use of the former system', () => {
    const { current } = medicinesIn(
      chartOf([
        {
          resource: {
            resourceType: 'MedicationRequest',
            status: 'active',
            drug: 'Amoxicillin',
            dose: '5 mL',
            sig: 'twice a day',
          },
        },
      ]),
    );
    expect(current[0]).toMatchObject({ name: 'Amoxicillin', doses: ['5 mL twice a day'] });
  });

  test('marks what the family added until the clinic accepts it', () => {
    const mother = 'cc'.repeat(32);
    const added = {
      resource: medicine('Cetirizine', { reportedBoolean: true }),
      kind: kinds.outsideRecord,
      author: 'family',
      signer: mother,
    } as const;
    expect(medicinesIn(chartOf([added])).current).toMatchObject([{ outside: true, told: true }]);
  });

  test('shows neither of two versions', () => {
    const { current, conflicts } = medicinesIn(
      chartOf([
        { resource: medicine('Iron') },
        { resource: medicine('Iron 1'), links: [[0, 'correction']] },
        { resource: medicine('Iron 2'), links: [[0, 'correction']] },
      ]),
    );
    expect(current).toEqual([]);
    expect(conflicts).toHaveLength(1);
  });
});

describe('problems and documents', () => {
  test('tells current, past, ruled out and not certain apart', () => {
    const problem = (text: string, more: Record<string, unknown>): { resource: Resource } => ({
      resource: { resourceType: 'Condition', code: { text }, ...more },
    });
    const { current, past } = problemsIn(
      chartOf([
        problem('Asthma', { clinicalStatus: coded('active'), onsetDateTime: '2020-05-01' }),
        problem('Rash', { clinicalStatus: coded('active'), verificationStatus: coded('provisional') }),
        problem('Otitis', { clinicalStatus: coded('resolved'), abatementDateTime: '2021-01-01' }),
        problem('Celiac', { clinicalStatus: coded('inactive'), verificationStatus: coded('refuted') }),
        problem('Eczema', {}),
      ]),
    );
    expect(current.map(({ name, now, uncertain }) => [name, now, uncertain])).toEqual([
      ['Asthma', 'current', false],
      ['Rash', 'current', true],
      ['Eczema', 'not-said', false],
    ]);
    expect(past.map(({ name, now }) => [name, now])).toEqual([
      ['Otitis', 'past'],
      ['Celiac', 'ruled-out'],
    ]);
  });

  test('says of a document what, from whom, when and how large', () => {
    const { rows } = documentsIn(
      chartOf([
        {
          resource: {
            resourceType: 'DocumentReference',
            status: 'current',
            type: { text: 'Discharge letter' },
            date: '2025-09-09T10:00:00-05:00',
            author: [{ display: 'Sampleville Hospital' }],
            content: [{ attachment: { title: 'Letter', contentType: 'text/plain', data: 'QUJD' } }],
          },
        },
      ]),
    );
    expect(rows).toMatchObject([
      {
        name: 'Letter',
        sort: 'Discharge letter',
        from: 'Sampleville Hospital',
        size: 3,
        on: { is: 'day', day: '2025-09-09' },
      },
    ]);
  });
});
