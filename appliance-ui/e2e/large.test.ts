/** A very long record opens, scrolls and says what was written. `make heavy` writes twenty thousand records. */
import { expect, test } from 'vitest';
import { indexWords } from '../portal/src/health/words/lists.ts';
import { recordWords } from '../portal/src/words/record.ts';
import { demo, person, Visitor } from './harness.ts';
import { CHILD, dayOf, large, PARENT } from './large.ts';
import { to } from './walk.ts';

const COUNT = process.env.RELAYBOX_HEAVY ? 20_000 : 400;
const record = recordWords.en;

interface Facts {
  readonly all: number;
  readonly doses: number;
  readonly documents: number;
}

/** What the health index counts, and how many records the foot says are here. */
async function factsOf(visitor: Visitor): Promise<Facts> {
  await to(visitor.page, '/r/1/health');
  await visitor.see(/(\d+) of \1 records are here/);
  const words = await visitor.words();
  const number = (pattern: RegExp) => Number(pattern.exec(words)?.[1]?.replaceAll(',', '') ?? 0);
  const { dose, documentCount } = indexWords.en;
  return {
    all: number(/(\d+) of \d+ records are here/),
    doses: number(new RegExp(`([\\d,]+) ${dose.other}`)),
    documents: number(new RegExp(`([\\d,]+) ${documentCount.other}`)),
  };
}

test('a very long record opens, scrolls, and says exactly what was written', {
  timeout: 3_600_000,
}, async () => {
  const before = await Visitor.arrive();
  await before.enter(person(demo().ready, PARENT));
  await before.see(CHILD);
  const small = await factsOf(before);
  await before.leave();

  const { box, events, stop } = await large(COUNT);
  try {
    expect(events.length).toBe(COUNT);
    const visitor = await Visitor.arrive({ ready: box.ready });
    const { page } = visitor;
    page.setDefaultTimeout(1_200_000);
    await visitor.enter(person(box.ready, PARENT));
    await visitor.see(CHILD);
    const facts = await factsOf(visitor);
    expect({ ...facts, small }).toEqual({
      all: small.all + COUNT,
      doses: small.doses + COUNT / 10,
      documents: small.documents + COUNT / 10,
      small,
    });

    // Newest first, and older ones as long as somebody asks; each once and in order.
    await to(page, '/r/1/visits');
    for (let pages = 0; pages < 5; pages += 1) {
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      await page.getByRole('button', { name: /^Show older/ }).click();
    }
    const rows = await page
      .locator('main .li')
      .evaluateAll((all) =>
        all.map((one) => ['.cap', '.ti'].map((of) => one.querySelector(of)?.textContent ?? '')),
      );
    // The demo's own visits stand among them.
    const shown = rows.flatMap(([day = '', title = '']) => {
      const n = /^Visit (\d+)$/.exec(title)?.[1];
      return n === undefined ? [] : [{ n: Number(n), day }];
    });
    expect(shown.length).toBeGreaterThan(60);
    // The browser stands west of Greenwich, where a day without a time once became the day before.
    const inDays = shown.map(({ day }) => new Date(`${day} 12:00 UTC`).toISOString().slice(0, 10));
    expect(inDays).toEqual(shown.map(({ n }) => dayOf(n, COUNT)));
    expect(inDays).toEqual(inDays.toSorted().reverse());
    const last = inDays.at(-1) ?? '';
    const written = Array.from({ length: COUNT }, (_, n) => n).filter((n) => n % 10 === 5 || n % 10 === 6);
    const newer = (n: number) => dayOf(n, COUNT) > last;
    const numbers = shown.map(({ n }) => n).filter(newer);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(written.filter(newer));
    const open = shown.at(-1)?.n ?? 0;
    await page.getByText(`Visit ${open}`, { exact: true }).click();
    await visitor.heading(`Visit ${open}`).waitFor();
    await visitor.see(new RegExp(`Plan ${open}\\. Plan ${open}\\.`));

    await to(page, '/r/1/health/results');
    const newest = Array.from({ length: COUNT }, (_, n) => n).findLast((n) => n % 10 === 4);
    await visitor.see(`Test ${newest}`);
    await to(page, '/r/1/health/growth');
    await page.locator('main svg path').first().waitFor();
    await to(page, '/r/1/apart');
    await visitor.see(record.apartNone);
    await visitor.leave();
  } finally {
    await stop();
  }
});
