/** Journeys that read: a family of three, both parents, a teenager beside the parent, a stranger. */
import { expect, test } from 'vitest';
import { shellWords } from '../portal/src/words/shell.ts';
import { demo, person, Visitor } from './harness.ts';

const words = shellWords.en;

test('a parent of three reads each child’s growth chart, and no page mixes two children', async () => {
  const visitor = await Visitor.arrive();
  await visitor.enter(person(demo().ready, 'Dana Demofield'));
  const whose = visitor.page.getByRole('navigation', { name: words.whose });
  for (const name of ['Juniper', 'Hugo', 'Jasper']) {
    await whose.getByRole('link', { name: new RegExp(name) }).click();
    await visitor.see(new RegExp(`${name}`));
    await visitor.page.getByRole('link', { name: words.health }).first().click();
    await visitor.page
      .getByRole('link', { name: /^Growth/ })
      .first()
      .click();
    await visitor.heading(new RegExp(`${name}.s growth`)).waitFor();
    await visitor.page.locator('svg[role="img"]').first().waitFor();
    const main = await visitor.page.locator('main').innerText();
    for (const other of ['Juniper', 'Hugo', 'Jasper'].filter((one) => one !== name)) {
      const said = main.replaceAll(new RegExp(`${other}\\n.*`, 'g'), '');
      expect(said, name).not.toContain(`${other}’s growth`);
    }
  }
  await visitor.leave();
});
