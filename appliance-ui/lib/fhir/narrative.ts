/**
 * The words of a FHIR narrative (`text.div`, XHTML) without its markup. Markup never reaches a page: what comes out
 * is text, one line for each block. Anything that looks like a tag is taken out; entities are read once, after that,
 * so that "&lt;b&gt;" is the three letters that its writer meant.
 */

const comment = /<!--[\s\S]*?-->/g;
const hidden = /<(script|style)\b[\s\S]*?<\/\1\s*>/gi;
const line = /<\/?(p|div|li|tr|h[1-6]|ul|ol|table|blockquote|pre)\b[^>]*>|<br\s*\/?>/gi;
const cell = /<\/t[dh]\s*>/gi;
const tag = /<\/?[a-z][^>]*>/gi;

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

const entity = (whole: string, name: string): string => {
  if (!name.startsWith('#')) return named[name] ?? whole;
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  const printable =
    Number.isInteger(code) && code >= 32 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return printable ? String.fromCodePoint(code) : '';
};

/** Lines of text, none of them empty. */
export function narrativeLines(div: unknown): readonly string[] {
  if (typeof div !== 'string') return [];
  return div
    .replace(comment, '')
    .replace(hidden, '')
    .replaceAll(/\s+/g, ' ')
    .replace(line, '\n')
    .replace(cell, ' ')
    .replace(tag, '')
    .replaceAll(/&(#x?[0-9a-f]+|[a-z]+);/gi, entity)
    .split('\n')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
