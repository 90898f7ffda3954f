/** The box of a test's practice: it writes receipts, each chain from the one before. */
import { sign, type Tag } from '../event.ts';
import { kinds } from '../kinds.ts';
import type { ChainKey, Row } from '../receipts/types.ts';
import { chainName } from '../receipts.ts';
import type { SecretKey } from '../secret.ts';
import type { Event, Hex } from '../types.ts';

interface Head {
  readonly n: number;
  readonly id: Hex;
}

export class Box {
  secret: SecretKey;
  readonly receipts: Event[] = [];
  readonly #heads = new Map<Hex, Head>();

  constructor(secret: SecretKey) {
    this.secret = secret;
  }

  #head(chain: ChainKey): Head | null {
    return this.#heads.get(chainName(chain)) ?? null;
  }

  /** Writes the next receipt of a chain. */
  write(chain: ChainKey, epochKey: Hex | null, rows: readonly Row[], now: number): Event {
    const head = this.#head(chain);
    const n = (head?.n ?? 0) + rows.length;
    const keys = chain.is === 'clinical' ? [epochKey, chain.subject] : [];
    const tags: Tag[] = [
      ...keys.flatMap((key): Tag[] => (key === null ? [] : [['p', key]])),
      ...(chain.is === 'clinical' ? [] : [['c', chain.is]]),
      ['n', `${n}`],
      ...(head === null ? [] : [['prev', head.id]]),
      ...this.#mark(chain),
      ...rows.map(({ id, received, import: imported }) =>
        imported ? ['e', id, `${received}`, 'import'] : ['e', id, `${received}`],
      ),
    ];
    const receipt = sign(this.secret, kinds.receipt, tags, '', now);
    this.#heads.set(chainName(chain), { n, id: receipt.id });
    this.receipts.push(receipt);
    return receipt;
  }

  #mark(chain: ChainKey): readonly Tag[] {
    const [open, staff] = [this.#head({ is: 'policy' })?.id, this.#head({ is: 'policy-staff' })?.id];
    if (chain.is === 'clinical') return [['policy', open ?? '', staff ?? '']];
    return chain.is === 'policy-staff' && open !== undefined ? [['policy', open]] : [];
  }
}
