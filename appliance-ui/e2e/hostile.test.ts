/**
 * Script in every text that a record, a letter, a file or a clinic's name can hold: it is shown as the text that it
 * is, nothing of it runs, and the page's policy never has to step in.
 */
import { expect, test } from 'vitest';
import { kinds } from '../lib/protocol/kinds.ts';
import type { Resource } from '../lib/protocol/types.ts';
import { Box } from '../lib/relay/box.test-helper.ts';
import { Staff } from '../lib/session/staff.test-helper.ts';
import { demo, person, Visitor } from './harness.ts';
import { addresses, to } from './walk.ts';

const script = (where: string) =>
  `${where}<img src=x onerror="globalThis.ran='${where}'"><script>globalThis.ran='${where}'</script><a href="javascript:globalThis.ran=1">`;

const coded = (where: string) => ({ text: script(where), coding: [{ display: script(where) }] });
const day = new Date().toISOString();

/** One record of each kind that a clinician writes, with script in each of its texts. */
const records: readonly (readonly [number, Resource])[] = [
  [
    kinds.encounter,
    {
      resourceType: 'Encounter',
      status: 'finished',
      class: { code: 'AMB', display: script('class') },
      type: [coded('visit')],
      reasonCode: [coded('reason')],
      period: { start: day, end: day },
      text: {
        status: 'generated',
        div: `<div xmlns="http://www.w3.org/1999/xhtml">${script('narrative')}</div>`,
      },
    },
  ],
  [
    kinds.medication,
    {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: coded('medicine'),
      authoredOn: day,
      dosageInstruction: [{ text: script('dosage'), patientInstruction: script('instruction') }],
      note: [{ text: script('medicine note') }],
    },
  ],
  [
    kinds.observation,
    {
      resourceType: 'Observation',
      status: 'final',
      category: [{ coding: [{ code: 'vital-signs' }] }],
      code: coded('measured'),
      effectiveDateTime: day,
      valueString: script('value'),
      note: [{ text: script('measurement note') }],
    },
  ],
  [
    kinds.condition,
    {
      resourceType: 'Condition',
      clinicalStatus: { coding: [{ code: 'active' }] },
      code: coded('problem'),
      onsetString: script('onset'),
      note: [{ text: script('problem note') }],
    },
  ],
  [
    kinds.allergy,
    {
      resourceType: 'AllergyIntolerance',
      clinicalStatus: { coding: [{ code: 'active' }] },
      code: coded('allergy'),
      reaction: [{ manifestation: [coded('reaction')], description: script('reaction words') }],
      note: [{ text: script('allergy note') }],
    },
  ],
  [
    kinds.immunization,
    {
      resourceType: 'Immunization',
      status: 'completed',
      vaccineCode: coded('vaccine'),
      occurrenceDateTime: day,
      lotNumber: script('lot'),
      site: coded('site'),
      note: [{ text: script('vaccine note') }],
    },
  ],
  [
    kinds.message,
    {
      resourceType: 'Communication',
      status: 'completed',
      topic: { text: script('topic') },
      sent: day,
      payload: [
        { contentString: script('letter') },
        { contentAttachment: { title: script('attached'), contentType: 'text/html' } },
      ],
    },
  ],
  [
    kinds.report,
    {
      resourceType: 'DiagnosticReport',
      status: 'final',
      code: coded('result'),
      effectiveDateTime: day,
      conclusion: script('conclusion'),
    },
  ],
  [
    kinds.document,
    {
      resourceType: 'DocumentReference',
      status: 'current',
      date: day,
      description: script('description'),
      type: coded('document'),
      content: [
        {
          attachment: {
            title: script('file name'),
            contentType: 'application/pdf',
            size: 1234,
            url: 'https://elsewhere.example/stolen.pdf',
          },
        },
      ],
    },
  ],
];

test('script in every text of every record runs nowhere and is shown as text', async () => {
  const box = await Box.start(demo().template, '--demo-practice', `Clinic ${script('clinic')}`);
  try {
    const parent = person(box.ready, 'Dana Demofield');
    const child = box.ready.persons.find(({ name }) => name.startsWith('Jasper'))?.pubkey ?? '';
    const staff = await Staff.logIn(box, person(box.ready, 'Dr. Alba Testwell'));
    for (const [kind, resource] of records) await staff.publish(staff.seal(kind, resource, child));
    staff.stop();
    const visitor = await Visitor.arrive({ ready: box.ready });
    await visitor.enter(parent);
    await visitor.see('Jasper');
    // What was just written is shown once the box has confirmed it.
    await to(visitor.page, '/r/1/health/problems');
    await visitor.see(/problem<img src=x/);
    await to(visitor.page, '/messages');
    await visitor.see(/topic<img src=x|letter<img src=x/);
    const words: string[] = [];
    for (const [path, address] of await addresses(visitor)) {
      await to(visitor.page, address);
      await visitor.page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      words.push(await visitor.words());
      const ran = await visitor.page.evaluate(() => (globalThis as { ran?: unknown }).ran);
      expect(ran, path).toBeUndefined();
      const inside = visitor.page.locator('main img[src="x"], main script, a[href^="javascript:"]');
      expect(await inside.count(), path).toBe(0);
    }
    // What a record says is shown, as it was written: the search above would have met it.
    for (const where of ['clinic', 'problem', 'reason', 'measured', 'topic', 'letter', 'file name']) {
      expect(words.join('\n'), where).toContain(`${where}<img src=x onerror=`);
    }
    // The foreign address of a document was not asked for; `leave` sees every request.
    await visitor.leave();
  } finally {
    await box.stop();
  }
});
