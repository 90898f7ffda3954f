/** What can be undone and what cannot: one page of plain words, found from where the question arises. */
import { expect, test } from 'vitest';
import { moreWords } from '../portal/src/words/more.ts';
import { undoWords } from '../portal/src/words/undo.ts';
import { demo, person, Visitor } from './harness.ts';
import { to } from './walk.ts';

for (const [lang, who, form] of [
  ['en', 'Dana Demofield', 'en'],
  ['es', 'Dana Demofield', 'es'],
  ['es', 'Casey Fictional (own key)', 'tu'],
] as const) {
  test(`what sharing, ending access and moving cannot undo stands beside what they do: ${form}`, async () => {
    const visitor = await Visitor.arrive({ lang });
    const { page } = visitor;
    const w = undoWords[form];
    await visitor.enter(person(demo().ready, who));
    await page.waitForURL(/\/r\/1$/);
    for (const from of ['/r/1/readers', '/keys', '/more']) {
      await to(page, from);
      await page.getByRole('link', { name: w.link }).click();
      await visitor.heading(w.heading).waitFor();
    }
    const { title: _, link, sub, heading, say, does, stays, ...deeds } = w;
    expect([link, sub, heading].every((text) => text.length > 10)).toBe(true);
    await visitor.see(say);
    const panels = page.locator('main section');
    expect(await panels.count()).toBe(Object.keys(deeds).length);
    for (const deed of Object.values(deeds)) {
      const panel = panels.filter({ has: page.getByRole('heading', { name: deed.title, exact: true }) });
      expect(await panel.getByRole('listitem').allInnerTexts()).toEqual([
        expect.stringContaining(`${does}\n${deed.does}`),
        expect.stringContaining(`${stays}\n${deed.stays}`),
      ]);
    }
    // Nothing here does anything: an explanation has no button, and leads back only.
    expect(await page.locator('main').getByRole('button').count()).toBe(0);
    await page.getByRole('link', { name: moreWords[form].title, exact: true }).first().click();
    await visitor.heading(moreWords[form].title).waitFor();
    await visitor.leave();
  });
}
