import { expect, test } from 'vitest';
import * as body from './body.ts';
import {
  type Binding,
  type BodyError,
  bindingText,
  commitment,
  PADDING_BYTES,
  parseBinding,
  typeFits,
} from './body.ts';
import { fromUtf8, toUtf8 } from './bytes.ts';
import { compareText, isObject, parseStrict, parseStrictValue, writeJson } from './json.ts';
import { orThrow } from './result.ts';
import { keys } from './testing.ts';
import { bytesOf, rows, vectors } from './vectors.ts';

interface Case {
  readonly name: string;
  readonly body_hex: string;
  readonly confidential: boolean;
}
interface File {
  readonly cases: readonly (Case & { binding: string; resource_type: string; pc: string })[];
  readonly refused: readonly (Case & { why: string })[];
  readonly types: readonly { kind: number; type: string; fits: boolean }[];
}

const WHY: { readonly [error in BodyError]: string } = {
  utf8: 'failed to read the body as UTF-8 without byte order mark',
  json: 'failed to read the body as one JSON object without duplicate keys',
  'resource-type': 'failed to find a resource type in the body',
  binding: 'failed to find exactly one binding in the body',
  size: 'failed to take a body of this size',
  padding: 'failed to find the padding of a confidential body',
};
const read = (row: Case) => (row.confidential ? body.parseConfidential : body.parse)(bytesOf(row.body_hex));
const binding: Binding = {
  signer: keys('signer').publicKey,
  subject: keys('subject').publicKey,
  kind: 2113,
  epochKey: keys('epoch').publicKey,
  practice: keys('practice').publicKey,
  r: '07'.repeat(32),
};

test('body vectors are taken or refused as said', () => {
  const file = vectors<File>('body.json');
  for (const row of rows(file.cases)) {
    const found = orThrow(read(row));
    expect(bindingText(found.binding), row.name).toBe(row.binding);
    expect(found.resource.resourceType).toBe(row.resource_type);
    expect(commitment(bytesOf(row.body_hex))).toBe(row.pc);
  }
  for (const row of rows(file.refused)) {
    const found = read(row);
    expect(found.ok ? 'taken' : WHY[found.error], row.name).toBe(row.why);
  }
  for (const { kind, type, fits } of rows(file.types))
    expect(typeFits(kind, type), `${kind} ${type}`).toBe(fits);
});

test('a written body reads back with its binding and all else as it was', () => {
  const resource = {
    resourceType: 'Observation',
    status: 'final',
    meta: { extension: [{ url: 'x' }] },
    z: '👶ü',
  };
  for (const pad of [false, true]) {
    const bytes = body.write(resource, binding, pad);
    const found = orThrow(pad ? body.parseConfidential(bytes) : body.parse(bytes));
    expect(found.binding).toEqual(binding);
    expect(found.resource).toMatchObject({ status: 'final', z: '👶ü' });
    expect(bytes.length % PADDING_BYTES === 0).toBe(pad);
  }
});

test('a body is not written over a binding, a broken meta or a false type', () => {
  const write = (resource: { resourceType: string; [name: string]: unknown }) => () =>
    body.write(resource, binding, false);
  expect(write({ resourceType: 'Observation' })).not.toThrow();
  const bound = JSON.parse(fromUtf8(body.write({ resourceType: 'Patient' }, binding, false)) ?? '');
  expect(write(bound)).toThrow('binding');
  expect(write({ resourceType: 'observation' })).toThrow('resource-type');
  expect(write({ resourceType: 'Observation', meta: [] })).toThrow('json');
  expect(write({ resourceType: 'Observation', meta: { extension: {} } })).toThrow('json');
  expect(write({ resourceType: 'Observation', text: 'x'.repeat(131_072) })).toThrow('size');
});

test('a binding has one spelling', () => {
  const text = bindingText(binding);
  expect(parseBinding(text)).toEqual(binding);
  for (const bad of [
    ` ${text}`,
    `${text} `,
    text.replace('2113', '02113'),
    text.replace('2113', '65536'),
    '',
  ]) {
    expect(parseBinding(bad), bad).toBe(null);
  }
  expect(parseBinding(text.toUpperCase())).toBe(null);
});

test('duplicate keys are found in any spelling and at any depth', () => {
  for (const bad of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"b":[{"a":1,"a":1}]}',
    '{"__proto__":1,"__proto__":2}',
  ]) {
    expect(parseStrict(bad, 64), bad).toBe(null);
  }
  const tame = parseStrict('{"__proto__":{"admin":true},"constructor":1}', 64);
  expect([Object.keys(tame ?? {}), (tame as { admin?: boolean }).admin]).toEqual([
    ['__proto__', 'constructor'],
    undefined,
  ]);
  expect(parseStrict('{"a":{"a":1},"b":{"a":1}}', 64)).toEqual({ a: { a: 1 }, b: { a: 1 } });
});

test('depth is counted over objects and arrays', () => {
  const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
  expect(parseStrict(nested(64), 64)).not.toBe(null);
  expect(parseStrict(nested(65), 64)).toBe(null);
  expect(parseStrict(nested(50_000), 64)).toBe(null);
});

test('numbers are the nearest doubles, and what is beyond them is refused', () => {
  const of = (token: string) => parseStrictValue(token, 1);
  for (const token of [
    '0',
    '-0',
    '1',
    '1.10',
    '0.1',
    '1e3',
    '1E-2',
    '123456789.123456789',
    '9007199254740993',
  ]) {
    expect(of(token), token).toBe(Number(token));
  }
  for (const bad of [
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '0x10',
    'NaN',
    'Infinity',
    '1e400',
    '-1e400',
    '- 1',
    '1_0',
  ]) {
    expect(of(bad), bad).toBe(undefined);
  }
});

test('other departures from JSON are refused as JSON.parse refuses them, and lone surrogates as well', () => {
  const bad = [
    '',
    '{',
    '{"a"}',
    '{"a":1,}',
    '[1,]',
    '[,1]',
    "{'a':1}",
    '{a:1}',
    '"\\x41"',
    '"\\u00g0"',
    '"\\u12"',
  ];
  for (const text of [
    ...bad,
    '"\n"',
    '"\u0000"',
    'tru',
    'nul',
    '1 1',
    '{}x',
    '\u00a0{}',
    '\ufeff{}',
    '//\n{}',
  ]) {
    expect(parseStrictValue(text, 64), text).toBe(undefined);
    expect(() => JSON.parse(text), text).toThrow();
  }
  for (const text of ['"\\ud800"', '"\\udc00"', '"\\ud800\\ud800"', '"\\ud83dx"', '"\ud800"']) {
    expect(parseStrictValue(text, 64), text).toBe(undefined);
  }
  for (const text of [
    ' {"a" : [ 1 , true , null ] }\n',
    '"\\ud83d\\udc76\\u0000\\/\\b\\f"',
    '"\u2028\u007f"',
  ]) {
    expect(parseStrictValue(text, 64), text).toEqual(JSON.parse(text));
  }
});

test('one value has one text, keys in the order of their code points', () => {
  const value = { b: [1, { d: null, c: 'ü"\n' }], a: undefined, '\u{1f476}': 1, '\uffff': 2, aa: false };
  expect(writeJson(value)).toBe('{"aa":false,"b":[1,{"c":"ü\\"\\n","d":null}],"\uffff":2,"\u{1f476}":1}');
  expect(compareText('\uffff', '\u{1f476}')).toBeLessThan(0);
  expect(isObject(parseStrict(writeJson(value), 9))).toBe(true);
  expect(toUtf8(writeJson('\u2028')).length).toBe(5);
});
