import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { classOf, messageOf, refusals, textOf } from './refusal.ts';

test('the table of refusals is that of the relay, row by row', () => {
  const source = readFileSync(new URL('../../../firmware/protocol/src/refusal.rs', import.meta.url), 'utf8');
  const row = /^ {4}\w+, (\w+), "([^"]+)", ("(?:[^"\\]|\\.)*");$/gm;
  const hyphened = (name: string) => name.replace(/\B[A-Z]/g, '-$&').toLowerCase();
  const theirs = [...source.matchAll(row)].map(([, of = '', code, text = '']) => [
    code,
    hyphened(of),
    JSON.parse(text),
  ]);
  expect(theirs.length).toBeGreaterThan(60);
  expect(refusals.map((refusal) => [refusal, classOf(refusal), textOf(refusal)])).toEqual(theirs);
});

test('a message begins with its prefix', () => {
  expect(messageOf('auth-required')).toBe('auth-required: log in with NIP-42 first');
  expect(messageOf('superseded')).toBe('blocked: a newer version is stored');
  expect(messageOf('receipts-by-event')).toBe('unsupported: ask receipts by #p or #c');
});
