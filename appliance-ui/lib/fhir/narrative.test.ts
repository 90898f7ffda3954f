import { expect, test } from 'vitest';
import { narrativeLines } from './narrative.ts';

const div = (inner: string) => `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`;

test('blocks become lines, and inline markup leaves no trace', () => {
  expect(
    narrativeLines(div('<p>One <b>two</b></p><ul><li>three</li><li>four</li></ul>five<br/>six')),
  ).toEqual(['One two', 'three', 'four', 'five', 'six']);
});

test('script, style and comments are gone with what they hold', () => {
  expect(narrativeLines(div('a<script>alert(1)</script><style>p{}</style><!-- <p>x</p> -->b'))).toEqual([
    'ab',
  ]);
});

test('entities are read once, so that escaped markup stays text', () => {
  expect(narrativeLines(div('<p>BP &lt; 90 &amp;amp; &#8211; &#x1F600; &bogus; &#0;</p>'))).toEqual([
    'BP < 90 &amp; – 😀 &bogus;',
  ]);
});

test('a lone "less than" before a number is no tag', () => {
  expect(narrativeLines(div('<p>weight <3 kg</p>'))).toEqual(['weight <3 kg']);
});

test('what is no narrative gives no lines', () => {
  for (const none of [undefined, null, 7, '', '<div/>', {}]) expect(narrativeLines(none)).toEqual([]);
});
