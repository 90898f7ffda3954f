import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { chartOf, type Written } from './testing.ts';
import { formalName, vaccineName, vaccineNames } from './vaccine-words.ts';
import { type CvxFile, cardText, cvxOf, loadCvx, sameDay, vaccinesOf } from './vaccines.ts';

let cvx: CvxFile;
beforeAll(async () => {
  cvx = await loadCvx();
});

const shot = (code: string, on: string, more: Record<string, unknown> = {}): Written => ({
  resource: {
    resourceType: 'Immunization',
    status: 'completed',
    vaccineCode: { text: `vaccine ${code}`, coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code }] },
    occurrenceDateTime: on,
    primarySource: true,
    ...more,
  },
});

describe('the code list', () => {
  test('holds the same names as the list of the demo', () => {
    const tsv = join(
      import.meta.dirname,
      '..',
      '..',
      '..',
      'firmware',
      'appliance',
      'data',
      'immunization',
      'cvx.tsv',
    );
    const rows = readFileSync(tsv, 'utf8').trim().split('\n').slice(1);
    expect(rows).toHaveLength(288);
    for (const row of rows) {
      const [code = '', status, name] = row.split('\t');
      expect(cvxOf(cvx, code)).toMatchObject({ name, active: status === 'Active' });
    }
  });

  test('has words in both languages for every group that CDC names', () => {
    const groups = new Set(Object.keys(cvx.codes).flatMap((code) => cvxOf(cvx, code)?.groups ?? []));
    expect(groups.size).toBeGreaterThan(35);
    for (const group of groups) {
      expect(vaccineNames[group], group).toBeDefined();
      expect(vaccineName('es', group)).not.toBe('');
    }
    expect(vaccineName('es', 'NEW-GROUP')).toBe('NEW-GROUP');
    expect(formalName('en', 'ROTAVIRUS')).toBe('Rotavirus (RV)');
    expect(formalName('es', 'HPV')).toBe('VPH (HPV)');
    expect(formalName('en', 'FLU')).toBe('Flu');
  });

  test('reads codes with or without the leading zero, and no other', () => {
    expect(cvxOf(cvx, '3')?.name).toBe('MMR');
    expect(cvxOf(cvx, '03')?.groups).toEqual(['MMR']);
    expect(cvxOf(cvx, '9876')).toBeNull();
    expect(cvxOf(cvx, 'constructor')).toBeNull();
  });
});

describe('doses', () => {
  test('counts a combined vaccine in each of its groups, in the order of dates', () => {
    const { groups, given } = vaccinesOf(
      chartOf([shot('94', '2024-08-20'), shot('03', '2021-08-20'), shot('21', '2021-08-20')]),
      cvx,
    );
    expect(given).toBe(3);
    expect(groups.map(({ group, doses }) => [group, doses.map(({ cvx: code }) => code?.code)])).toEqual([
      ['MMR', ['03', '94']],
      ['VARICELLA', ['21', '94']],
    ]);
  });

  test('does not put a vaccine without a code into a group by its name', () => {
    const text = { vaccineCode: { text: 'MMR II' } };
    const { groups } = vaccinesOf(chartOf([shot('03', '2021-08-20'), shot('03', '2024-08-20', text)]), cvx);
    expect(groups.map(({ group, name }) => [group, name])).toEqual([
      ['MMR', 'MMR'],
      [null, 'MMR II'],
    ]);
  });

  test('keeps what was not given apart, with its reason', () => {
    const refused = { status: 'not-done', statusReason: { text: 'Parents decided against it' } };
    const { groups, given } = vaccinesOf(chartOf([shot('03', '2021-08-20', refused)]), cvx);
    expect(given).toBe(0);
    expect(groups[0]?.doses).toEqual([]);
    expect(groups[0]?.notGiven[0]).toMatchObject({ reason: 'Parents decided against it', given: false });
  });

  test('leaves out what was withdrawn and what has two versions, and says how many', () => {
    const { groups, conflicts } = vaccinesOf(
      chartOf([
        shot('08', '2025-08-20'),
        { ...shot('08', '2025-08-20', { status: 'entered-in-error' }), links: [[0, 'deletion']] },
        shot('10', '2025-10-20'),
        { ...shot('10', '2025-10-21'), links: [[2, 'correction']] },
        { ...shot('10', '2025-10-22'), links: [[2, 'correction']] },
      ]),
      cvx,
    );
    expect(groups).toEqual([]);
    expect(conflicts).toHaveLength(1);
  });

  test('says where a dose came from, and keeps a date that nobody knew exactly', () => {
    const { groups, reported } = vaccinesOf(
      chartOf([
        shot('08', '2025-08-20', { primarySource: false, reportOrigin: { text: 'Other Provider' } }),
        shot('08', '2025', { occurrenceDateTime: undefined, occurrenceString: 'spring of 2025' }),
      ]),
      cvx,
    );
    expect(reported).toBe(1);
    expect(groups[0]?.doses.map(({ onText, origin }) => [onText, origin])).toEqual([
      [null, 'Other Provider'],
      ['spring of 2025', null],
    ]);
  });

  test('notices two doses of one group on one day', () => {
    const [group] = vaccinesOf(chartOf([shot('08', '2025-08-20'), shot('45', '2025-08-20')]), cvx).groups;
    const [other] = vaccinesOf(chartOf([shot('08', '2025-08-20'), shot('08', '2025-09-20')]), cvx).groups;
    expect(group && sameDay(group)).toBe(true);
    expect(other && sameDay(other)).toBe(false);
  });

  test('writes the card as days with their codes, a combined dose once', () => {
    const vaccines = vaccinesOf(
      chartOf([
        shot('94', '2024-08-20'),
        shot('10', '2024-08-20'),
        shot('08', '2020-08-20', { primarySource: false }),
      ]),
      cvx,
    );
    expect(cardText(vaccines, { name: 'Ortiz-Hale, Mateo', born: '2020-08-20' }).split('\n')).toEqual([
      'VACCINES (CVX codes by day, R: given elsewhere)',
      'Ortiz-Hale, Mateo',
      '2020-08-20',
      '2020-08-20: 08 R',
      '2024-08-20: 10, 94',
    ]);
  });
});
