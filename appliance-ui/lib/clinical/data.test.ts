import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, 'data');

test('holds data files of the checksums that the list of sources states, and no other', () => {
  const rows = readFileSync(join(folder, 'SOURCES.md'), 'utf8').matchAll(
    /^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$/gm,
  );
  const listed = new Map([...rows].map((row) => [row[1], row[2]]));
  expect(listed.size).toBeGreaterThanOrEqual(3);
  for (const name of readdirSync(folder).filter((file) => file !== 'SOURCES.md')) {
    const digest = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
    expect(listed.get(name), name).toBe(digest);
  }
});
