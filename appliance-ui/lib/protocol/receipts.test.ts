/** Runs `tests/vectors/receipts.json`, each case also in the other order. */
import { describe, expect, test } from 'vitest';
import { sign } from './event.ts';
import { isClinical, kinds } from './kinds.ts';
import { chainName, parse, ReceiptBook } from './receipts.ts';
import { SecretKey } from './secret.ts';
import type { Event, Hex } from './types.ts';
import { rows, vectors, verified } from './vectors.ts';

const file = vectors<{
  readonly practice: Hex;
  readonly cases: readonly {
    readonly name: string;
    readonly receipts: readonly Event[];
    readonly events: readonly Event[];
    readonly expected: {
      readonly policy: string;
      readonly chains: readonly { readonly chain: Hex; readonly n: number; readonly ids: readonly Hex[] }[];
    };
  }[];
}>('receipts.json');

const cases = rows(file.cases);
const { practice } = file;

function readBack(book: ReceiptBook, events: readonly Event[]): unknown {
  const clinical = events.filter(({ kind }) => isClinical(kind));
  return {
    policy: book.policyState,
    chains: book.chains().map(({ chain, completeness, n, ids }) => ({
      chain: chainName(chain),
      state: completeness,
      n,
      ids,
    })),
    rows: clinical.map((event) => {
      const found = book.receipted(event);
      const row = found && { n: found.n, received: found.received, position: found.position };
      return { id: event.id, row };
    }),
  };
}

describe('receipt vectors', () => {
  test.each(cases.map((row) => [row.name, row] as const))(
    'say what counts and what is missing: %s',
    (_, { receipts, events, expected }) => {
      receipts.forEach(verified);
      const book = new ReceiptBook({ practice, readership: 'staff', receipts, events });
      expect(readBack(book, events)).toEqual(expected);
      const turned = receipts.toReversed();
      const again = new ReceiptBook({ practice, readership: 'staff', receipts: turned, events });
      expect(readBack(again, events)).toEqual(expected);
    },
  );
});

const whole = cases.find(({ name }) => name === 'whole');

function bookWithout(id: Hex | undefined): ReceiptBook {
  const receipts = (whole?.receipts ?? []).filter((receipt) => receipt.id !== id);
  return new ReceiptBook({ practice, readership: 'staff', receipts, events: whole?.events ?? [] });
}

test('k of n counts what is held, and n is unknown when a receipt is missing', () => {
  const book = bookWithout(undefined);
  const chart = book.chains().find(({ chain }) => chain.is === 'clinical' && chain.compartment === 'chart');
  const ids = chart?.ids ?? [];
  expect(ids.length).toBeGreaterThan(2);
  const chain = chart?.chain ?? { is: 'policy' };
  const all = { destroyed: 0, n: ids.length, since: null };
  expect(book.share(chain, new Set(ids))).toEqual({ ...all, k: ids.length });
  const [first = '', second = ''] = ids;
  const since = book.inChain(first, chain)?.received;
  expect(since).toBeGreaterThan(0);
  expect(book.share(chain, new Set(ids.slice(1)))).toEqual({ ...all, k: ids.length - 1, since });
  const later = book.inChain(second, chain)?.received;
  expect(book.share(chain, new Set(ids.toSpliced(1, 1)))).toMatchObject({ since: later });
  expect(book.share({ is: 'clinical', compartment: 'chart', subject: null }, new Set())).toBeNull();
  const named = whole?.receipts.filter(({ tags }) =>
    tags.some(([name, id]) => name === 'e' && id === ids[1]),
  );
  expect(bookWithout(named?.[0]?.id).share(chain, new Set(ids))?.n).toBeNull();
});

test('a receipt that departs from its shape in one place is none', () => {
  const receipt = whole?.receipts.find(({ tags }) => tags.some(([name]) => name === 'p'));
  if (receipt === undefined) throw new Error('no clinical receipt');
  expect(parse(receipt)).not.toBeNull();
  const { tags } = receipt;
  const without = (name: string) => tags.filter(([first]) => first !== name);
  const row = tags.find(([name]) => name === 'e') ?? [];
  const departures: readonly (readonly (readonly string[])[])[] = [
    without('n'),
    without('e'),
    without('p'),
    without('policy'),
    [...without('n'), ['n', '01']],
    [...without('n'), ['n', '0']],
    [...tags, ['n', '9']],
    [...tags, ['x', '1']],
    [...tags, row],
    [...without('e'), [...row, 'import', 'more']],
    [...without('e'), [...row, 'other']],
    [...without('e'), row, ['e', 'ab'.repeat(32), '1']],
    [...tags, ['c', 'policy']],
    [...tags, ['p', 'AB'.repeat(32)]],
    [...without('prev'), ['prev', '']],
    [...without('policy'), ['policy', 'ab'.repeat(32)]],
  ];
  for (const departure of departures) {
    expect(parse({ ...receipt, tags: departure }), JSON.stringify(departure)).toBeNull();
  }
  expect(parse({ ...receipt, content: ' ' })).toBeNull();
  expect(parse({ ...receipt, kind: kinds.message })).toBeNull();
});

test('who knows a later practice key finds the claim by its successions', () => {
  const { receipts = [], events = [] } = whole ?? {};
  const at = 1_767_225_600;
  const by = (digit: string, former: Hex) => {
    const secret = SecretKey.fromHex(digit.repeat(64));
    if (secret === null) throw new Error('no key');
    return sign(
      secret,
      kinds.succession,
      [
        ['p', former],
        ['e', practice],
        ['next', practice],
      ],
      '',
      at,
    );
  };
  const first = by('7', practice);
  const second = by('8', first.pubkey);
  const read = (key: Hex, more: readonly Event[]) =>
    new ReceiptBook({ practice: key, readership: 'staff', receipts, events: [...events, ...more] });
  expect(read(second.pubkey, [first, second]).policy.now(0).epoch()).not.toBeNull();
  expect(read(second.pubkey, [first]).policy.now(0).epoch()).toBeNull();
  // Two that contradict each other name nobody, and a circle ends.
  const other = by('7', second.pubkey);
  expect(read(second.pubkey, [first, second, other]).policy.now(0).epoch()).toBeNull();
  expect(read(second.pubkey, [second, other]).policy.now(0).epoch()).toBeNull();
});
