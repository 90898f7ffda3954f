/**
 * Texts that are 40 % longer than ours, as a translation may be: on a phone of 320 and of 390 px no page grows wider
 * than the screen, and nothing is cut off.
 */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { paths } from '../portal/src/app/paths.ts';
import { demo, PHONE, person, Visitor } from './harness.ts';
import { addresses, overflow, picture, settled, to } from './walk.ts';

const HEAVY = process.env.RELAYBOX_HEAVY !== undefined;
/** The narrowest screen first, in both languages: there it is that words do not fit. */
const looks = [320, PHONE.width]
  .flatMap((width) =>
    (['en', 'es'] as const).map((lang) => ({ lang, size: { width, height: PHONE.height } })),
  )
  .slice(0, HEAVY ? 4 : 2);

/**
 * Makes every word of the page 40 % longer, in place: vowels are doubled, so that lines break where words do. What
 * numbers say stays as it is.
 */
const lengthen = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const longer = (word: string) => {
      let more = Math.ceil(word.length * 0.4);
      const doubled = [...word].map((letter) => {
        if (more <= 0 || !/[aeiouáéíóúü]/i.test(letter)) return letter;
        more -= 1;
        return letter + letter.toLowerCase();
      });
      return doubled.join('') + 'n'.repeat(Math.max(more, 0));
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    // The shell stays from page to page: its words are made longer once.
    const kept = globalThis as { longer?: WeakMap<Node, string> };
    kept.longer ??= new WeakMap();
    let count = 0;
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const { parentElement, nodeValue } = node;
      // Keys and codes are no words, and what is drawn is laid out by the drawing.
      if (!parentElement || parentElement.closest('script, style, svg, .mono, .fourwords')) continue;
      const text = (nodeValue ?? '').replaceAll(/\p{L}{2,}/gu, longer);
      if (text === nodeValue || kept.longer.get(node) === nodeValue) continue;
      node.nodeValue = text;
      kept.longer.set(node, text);
      count += 1;
    }
    return count;
  });

/** Words that stand outside the screen, outside their control, or behind an edge that hides them. */
const cutOff = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const range = document.createRange();
    const rectsOf = (node: Node) => {
      range.selectNodeContents(node);
      return [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
    };
    const isShown = (parent: Element) =>
      // The first lines of a letter are shortened on purpose; the letter is one touch away.
      !parent.closest('script, style, noscript, svg, option, .snippet') &&
      parent.checkVisibility({ visibilityProperty: true });
    const scrolls = (value: string) => value === 'auto' || value === 'scroll';
    /** The elements around, up to one in which the words can be scrolled to. None around words for the ear alone. */
    const around = (parent: Element) => {
      const all: Element[] = [];
      for (let at: Element | null = parent; at; at = at.parentElement) {
        const { width, height } = at.getBoundingClientRect();
        if (width <= 1 || height <= 1) return [];
        if (scrolls(getComputedStyle(at).overflowX)) return all;
        all.push(at);
      }
      return all;
    };
    const hidden = (at: Element, rect: DOMRect) => {
      const { overflowX, overflowY } = getComputedStyle(at);
      const edge = at.getBoundingClientRect();
      const aside = rect.right > edge.right + 1 || rect.left < edge.left - 1;
      const below = rect.bottom > edge.bottom + 1 || rect.top < edge.top - 1;
      if (overflowX !== 'visible' && aside) return 'cut at the side';
      return overflowY !== 'visible' && !scrolls(overflowY) && below ? 'cut below' : null;
    };
    const faultsOf = (parent: Element, rect: DOMRect) => {
      const all = around(parent);
      if (all.length === 0) return [];
      const box = parent.closest('button, a, .tag, .panel, th, td, label')?.getBoundingClientRect();
      return [
        ...all.map((at) => hidden(at, rect)),
        all.at(-1) === document.documentElement && rect.right > innerWidth + 1 ? 'off the screen' : null,
        box && rect.right > box.right + 1 ? 'out of its box' : null,
      ].filter((fault) => fault !== null);
    };
    const found = new Set<string>();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const { parentElement } = node;
      const text = (node.nodeValue ?? '').trim();
      if (!parentElement || text === '' || !isShown(parentElement)) continue;
      for (const fault of rectsOf(node).flatMap((rect) => faultsOf(parentElement, rect)))
        found.add(`${fault}: ${text.slice(0, 40)}`);
    }
    return [...found];
  });

for (const { lang, size } of looks) {
  test(`texts that are 40 % longer fit: ${lang}, ${size.width} px`, async () => {
    const visitor = await Visitor.arrive({ lang, size });
    const { page } = visitor;
    const faults: string[] = [];
    let count = 0;
    const look = async (path: (typeof paths)[number]) => {
      count += await lengthen(page);
      faults.push(...(await overflow(page)).map((fault) => `${path}: too wide: ${fault}`));
      faults.push(...(await cutOff(page)).map((fault) => `${path}: ${fault}`));
      await picture(page, path, 'longer', lang);
    };
    for (const path of paths.filter((one) => one.startsWith('/in') && one !== '/in/keep')) {
      await visitor.goto(path);
      await settled(page);
      await look(path);
    }
    await visitor.enter(person(demo().ready, 'Dana Demofield'));
    for (const [path, address] of await addresses(visitor)) {
      await to(page, address);
      await look(path);
    }
    await to(page, '/in/keep');
    await look('/in/keep');
    expect(faults).toEqual([]);
    expect(count).toBeGreaterThan(500);
    await visitor.leave();
  });
}
