/** The stored 2100s by what they say in clear. */
import { parsePatientGrant } from '../grants.ts';
import { holdsCompartment } from '../permissions.ts';
import type { View } from '../policy/types.ts';
import type { Event, Hex } from '../types.ts';
import type { Row } from './missing.ts';

interface Given {
  readonly signer: Hex;
  readonly authority: Hex;
  readonly rows: readonly Row[];
}

/** A row as the name of a set's member. */
export function rowName({ epochKey, subject }: Row): string {
  return `${epochKey} ${subject}`;
}

/** Who has which rows, and who gave them. */
export class GrantBook {
  readonly #grants = new Map<Hex, Given[]>();
  /** Signers of each row, to whomever. */
  readonly #signers = new Map<string, Set<Hex>>();

  /** Takes a stored 2100; other events are passed over. */
  add(event: Event): void {
    const shape = parsePatientGrant(event);
    if (shape === null) return;
    const { reader, authority, rows } = shape;
    for (const row of rows) {
      const signers = this.#signers.get(rowName(row)) ?? new Set();
      this.#signers.set(rowName(row), signers.add(event.pubkey));
    }
    const given = this.#grants.get(reader) ?? [];
    given.push({ signer: event.pubkey, authority, rows });
    this.#grants.set(reader, given);
  }

  /** Names of the rows that this reader has. Whether they open is known to the reader alone. */
  rowsTo(view: View, reader: Hex): ReadonlySet<string> {
    return new Set(this.#counted(view, reader).flatMap(({ rows }) => rows.map(rowName)));
  }

  /** Whether somebody who held `chart` gave the reader a chart row by this link or registration (2.7, 2.8.12, 2.8.15). */
  confirmedForChart(view: View, by: Hex, reader: Hex): boolean {
    return this.#counted(view, reader).some(
      ({ signer, authority, rows }) =>
        authority === by &&
        holdsChart(view, signer) &&
        rows.some(({ epochKey }) => view.compartmentOf(epochKey) === 'chart'),
    );
  }

  /** Whether X2 of this row stands in some grant. */
  drawn(view: View, row: Row): boolean {
    return [...(this.#signers.get(rowName(row)) ?? [])].some((signer) => counts(view, signer));
  }

  #counted(view: View, reader: Hex): readonly Given[] {
    return (this.#grants.get(reader) ?? []).filter(({ signer }) => counts(view, signer));
  }
}

/** A 2100 counts if its signer was a member then or later, or is the practice. */
function counts(view: View, signer: Hex): boolean {
  if (view.everPractice(signer)) return true;
  const { is } = view.person(signer);
  return is === 'member' || (is === 'former' && !view.everFamily(signer));
}

/** Who has left held it or not when granting: no relay takes a row from somebody without its compartment. */
function holdsChart(view: View, signer: Hex): boolean {
  const member = view.member(signer);
  return member === null || holdsCompartment(member, 'chart');
}
