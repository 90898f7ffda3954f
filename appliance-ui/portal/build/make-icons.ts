/**
 * Draws the portal's icons into `public/`: the mark of the box as three chart spines. Run by hand after a change
 * (`npm run icons -w portal`); the files are kept in the tree, so that a build needs no browser.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { light, spine } from '../src/kit/tokens.ts';

const folder = join(import.meta.dirname, '..', 'public');

/** `inset`: share of the edge that a platform may cut away. */
function drawing(inset: number, round: boolean): string {
  const scale = 1 - 2 * inset;
  const book = (x: number, y: number, hues: readonly [string, string]) =>
    `<rect x="${x}" y="${y}" width="76" height="${400 - y}" rx="8" fill="${light.book}"/>` +
    `<rect x="${x}" y="${y + 34}" width="76" height="48" fill="${hues[0]}"/>` +
    `<rect x="${x}" y="${y + 90}" width="76" height="48" fill="${hues[1]}"/>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">` +
    `<rect width="512" height="512" rx="${round ? 112 : 0}" fill="${light.vault}"/>` +
    `<g transform="translate(${512 * inset} ${512 * inset}) scale(${scale})">` +
    book(122, 112, [spine[7], spine[5]]) +
    book(218, 152, [spine[2], spine[3]]) +
    book(314, 92, [spine[1], spine[4]]) +
    `<rect x="96" y="400" width="320" height="16" rx="8" fill="${light.vaultLine}"/></g></svg>\n`
  );
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const page = await browser.newPage();

async function png(name: string, size: number, svg: string): Promise<void> {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>body{margin:0}svg{display:block}</style>${svg}`);
  writeFileSync(join(folder, name), await page.screenshot({ omitBackground: true }));
}

writeFileSync(join(folder, 'icon.svg'), drawing(0, true));
await png('icon-192.png', 192, drawing(0, true));
await png('icon-512.png', 512, drawing(0, true));
await png('icon-maskable-512.png', 512, drawing(0.1, false));
await png('icon-180.png', 180, drawing(0, false));
await browser.close();
