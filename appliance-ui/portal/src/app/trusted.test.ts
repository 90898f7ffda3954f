import { expect, test } from 'vitest';
import { policy } from './trusted.ts';

const { createHTML, createScriptURL } = policy('https://portal.example');

test('markup is refused, and the text of a style sheet passes', () => {
  expect(createHTML(':root { --a: 1px }')).toBe(':root { --a: 1px }');
  expect(() => createHTML('<img src=x onerror=alert(1)>')).toThrow(TypeError);
});

test('a worker starts from the own origin only', () => {
  expect(createScriptURL('/assets/worker.js')).toBe('https://portal.example/assets/worker.js');
  expect(() => createScriptURL('https://elsewhere.example/worker.js')).toThrow(TypeError);
  expect(() => createScriptURL('data:text/javascript,1')).toThrow(TypeError);
});
