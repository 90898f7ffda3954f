/**
 * Receipts, kind 2122 (docs/ref/protocol.md 2.5, 2.8.11–13, twin of `firmware/protocol/src/receipts`): parse, verify
 * chains, k of n. The box writes them; nothing here does.
 */
export { type BookInput, ReceiptBook } from './receipts/book.ts';
export { chainName, clinicalChainOf, parse, ROWS_MAX, subjectOf } from './receipts/shape.ts';
export type * from './receipts/types.ts';
