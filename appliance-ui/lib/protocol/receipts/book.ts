/**
 * Receipt chains as a reader sees them: which rows count, at which policy position, and what can be said about
 * completeness.
 */

import { pTag } from '../event.ts';
import { proofHolds } from '../keys.ts';
import { kinds } from '../kinds.ts';
import { earlier } from '../order.ts';
import type { Position } from '../policy/types.ts';
import type { Policy, ProofCheck } from '../policy.ts';
import type { Event, Hex } from '../types.ts';
import { byNumber, Generations, type Walk, walk } from './chain.ts';
import { Order, type Places } from './order.ts';
import { chainName, clinicalChainOf, parse, subjectOf } from './shape.ts';
import type {
  ChainKey,
  ChainState,
  Completeness,
  Readership,
  Receipt,
  Receipted,
  Row,
  Share,
} from './types.ts';

/** What a book is read from. */
export interface BookInput {
  /** P of the claim, or one that followed it by 2107s which are among the events. */
  readonly practice: Hex;
  readonly readership: Readership;
  /** Whose ids and signatures hold, in any order. */
  readonly receipts: readonly Event[];
  /** Policy events whose ids and signatures hold, in any order. */
  readonly events: readonly Event[];
  /** Whether a proof of possession holds, for callers who keep what they have checked. */
  readonly proves?: ProofCheck;
}

/** All receipts of one practice that a reader holds, checked. */
export class ReceiptBook {
  readonly #policy: Policy;
  readonly #policyState: Completeness;
  readonly #chains = new Map<Hex, ChainState>();
  readonly #rows = new Map<Hex, Receipted[]>();

  constructor(input: BookInput) {
    const parsed = new Map(
      input.receipts.flatMap((event) => {
        const receipt = parse(event);
        return receipt === null ? [] : [[receipt.id, receipt] as const];
      }),
    );
    const receipts = [...parsed.values()].sort(byNumber);
    const clinical = receipts.filter(({ policyChain }) => policyChain === null);
    const order = new Order({
      practice: origin(input.practice, input.events),
      readership: input.readership,
      proves: input.proves ?? proofHolds,
      policyReceipts: receipts.filter(({ policyChain }) => policyChain !== null),
      clinicalReceipts: clinical,
      events: input.events,
      byId: new Map(input.events.map((event) => [event.id, event])),
    });
    this.#policy = order.fold();
    this.#policyState = order.state();
    this.#readClinical(clinical, order);
    for (const [chain, walked] of order.walks()) {
      this.#noteRows(chain, walked, ({ id }) => onlyAt(order.positionOf(id)));
    }
  }

  /** Policy as these receipts order it. */
  get policy(): Policy {
    return this.#policy;
  }

  /** Whether the policy chains are whole. If not, clients stop writing and say so. */
  get policyState(): Completeness {
    return this.#policyState;
  }

  chain(key: ChainKey): ChainState | null {
    return this.#chains.get(chainName(key)) ?? null;
  }

  /** Every chain, in the order of their names. */
  chains(): readonly ChainState[] {
    return [...this.#chains].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, state]) => state);
  }

  /**
   * The row by which this clinical event counts: the first one in the chain that its own X and first `p` give; if the
   * first `p` is no E of any counted 2105, X alone must fit.
   */
  receipted(event: Event): Receipted | null {
    const view = this.#policy.now(0);
    const chain = clinicalChainOf((key) => view.compartmentOf(key), event);
    return chain === null ? this.#bySubject(event) : this.inChain(event.id, chain);
  }

  /** The first row of an id in a chain. */
  inChain(id: Hex, chain: ChainKey): Receipted | null {
    const name = chainName(chain);
    return this.#rows.get(id)?.find((row) => chainName(row.chain) === name) ?? null;
  }

  /** k of n of one chain for a selection of held ids. */
  share(chain: ChainKey, held: ReadonlySet<Hex>): Share | null {
    const state = this.chain(chain);
    if (state === null) return null;
    const view = this.#policy.now(0);
    const absent = state.ids.filter((id) => !held.has(id));
    const missing = absent.filter((id) => !view.destroyed(id));
    const times = missing.flatMap((id) => this.inChain(id, chain)?.received ?? []);
    return {
      k: state.ids.length - absent.length,
      destroyed: absent.length - missing.length,
      n: state.completeness === 'whole' ? state.n : null,
      since: times.reduce(earlier, null),
    };
  }

  #bySubject(event: Event): Receipted | null {
    const subject = subjectOf(event);
    const rows = (this.#rows.get(event.id) ?? []).filter(
      ({ chain }) => chain.is === 'clinical' && chain.subject === subject,
    );
    const first = (one: Receipted, other: Receipted) =>
      (one.position ?? -1) - (other.position ?? -1) || one.received - other.received;
    return rows.sort(first)[0] ?? null;
  }

  #readClinical(receipts: readonly Receipt[], order: Order): void {
    const view = this.#policy.now(0);
    const generations = new Generations(view);
    const groups = new Map<Hex, { readonly chain: ChainKey; readonly receipts: Receipt[] }>();
    for (const receipt of receipts) {
      const compartment = receipt.epochKey === null ? null : view.compartmentOf(receipt.epochKey);
      if (compartment === null || !this.#signerFits(generations, order, receipt)) continue;
      const chain: ChainKey = { is: 'clinical', compartment, subject: receipt.subject };
      const name = chainName(chain);
      const group = groups.get(name) ?? { chain, receipts: [] };
      groups.set(name, group);
      group.receipts.push(receipt);
    }
    for (const { chain, receipts } of groups.values()) {
      const walked = walk(receipts, generations);
      this.#noteRows(chain, walked, ({ mark }, row) => order.positionsThen(mark, row.received));
    }
  }

  /**
   * A certified box signs, and none that was followed by another before the policy position that the receipt names. A
   * later box may name an earlier position: it writes what the former left undone.
   */
  #signerFits(generations: Generations, order: Order, receipt: Receipt): boolean {
    const signer = generations.get(receipt.signer);
    if (signer === null) return false;
    const position = order.position(receipt.mark);
    if (position === null) return true;
    const epoch = this.#policy.at(position, 0).epoch();
    const certified = epoch && generations.get(epoch.receipts);
    return certified !== null && signer >= certified;
  }

  #noteRows(
    chain: ChainKey,
    { receipts, completeness, head }: Walk,
    places: (receipt: Receipt, row: Row) => Places | null,
  ): void {
    const ids = new Set<Hex>();
    for (const receipt of receipts) {
      const before = receipt.n - receipt.rows.length;
      for (const [at, row] of receipt.rows.entries()) {
        // An id counts at its first receipt only.
        if (ids.has(row.id)) continue;
        ids.add(row.id);
        const { position = null, earliest = null } = places(receipt, row) ?? {};
        const rows = this.#rows.get(row.id) ?? [];
        this.#rows.set(row.id, rows);
        rows.push({
          chain,
          receipt: receipt.id,
          n: before + at + 1,
          received: row.received,
          import: row.import,
          position,
          earliest,
        });
      }
    }
    const n = receipts.reduce((most, receipt) => Math.max(most, receipt.n), 0);
    this.#chains.set(chainName(chain), { chain, completeness, n, head, ids: [...ids] });
  }
}

function onlyAt(position: Position | null): Places | null {
  return position === null ? null : { earliest: position, position };
}

/** P of the claim: each later practice key names the one before it in its 2107. One that names two names none. */
function origin(practice: Hex, events: readonly Event[]): Hex {
  const successions = events.filter(({ kind }) => kind === kinds.succession);
  const line = new Set<Hex>();
  let newest = practice;
  for (;;) {
    line.add(newest);
    const named = successions.filter(({ pubkey }) => pubkey === newest);
    const [before, ...others] = new Set(named.map((event) => pTag(event, 0)));
    if (!before || others.length > 0 || line.has(before)) return newest;
    newest = before;
  }
}
