/** A very long record opens, scrolls and says what was written. `make heavy` writes twenty thousand records. */
import { expect, test } from 'vitest';
import { indexWords } from '../portal/src/health/words/lists.ts';
import { recordWords } from '../portal/src/words/record.ts';
import { demo, person, Visitor } from './harness.ts';
import { CHILD, large, PARENT } from './large.ts';
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
    const titles = page.locator('main .li .ti');
    const numbers = async () =>
      (await titles.allInnerTexts()).flatMap((text) => /^Visit (\d+)$/.exec(text)?.[1] ?? []).map(Number);
    for (let pages = 0; pages < 5; pages += 1) {
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      await page.getByRole('button', { name: /^Show older/ }).click();
    }
    const shown = await numbers();
    const written = Array.from({ length: COUNT }, (_, n) => n).filter((n) => n % 10 === 5 || n % 10 === 6);
    // The demo's own visits stand among them.
    expect(shown.length).toBeGreaterThan(60);
    expect([...new Set(shown)]).toHaveLength(shown.length);
    const byDay = (n: number) => -Math.floor(((n + 1) * 15 * 365) / COUNT);
    expect(shown.map(byDay)).toEqual(shown.map(byDay).toSorted((a, b) => a - b));
    expect([...shown].sort((a, b) => a - b)).toEqual(written.slice(-shown.length));
    const open = shown[shown.length - 1] ?? 0;
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
