/** What a body claims beside its values: resource type, signature, re-signing (docs/ref/protocol.md 2.8.4). */
import { at, listAt, textAt } from '../elements.ts';
import { kinds } from '../kinds.ts';
import type { Hex, Resource } from '../types.ts';

const SIGNED_REPORT: readonly (string | null)[] = ['final', 'amended', 'corrected'];

/**
 * Whether a body claims to be signed: a 2111 with a contained Composition `final` or `amended` and a legal attester
 * who is the signer; a 2119 that is `final`, `amended` or `corrected`.
 */
export function claimsSignature(kind: number, resource: Resource, signer: Hex): boolean {
  if (kind === kinds.report) return SIGNED_REPORT.includes(textAt(resource, 'status'));
  if (kind !== kinds.encounter) return false;
  const compositions = listAt(resource, 'contained').filter(
    (inner) => at(inner, 'resourceType') === 'Composition',
  );
  return compositions.some((composition) => signedBy(composition, signer));
}

/** True kinds that may be signed. */
export function mayBeSigned(kind: number): boolean {
  return kind === kinds.encounter || kind === kinds.report;
}

function signedBy(composition: unknown, signer: Hex): boolean {
  const status = textAt(composition, 'status');
  const attesters = listAt(composition, 'attester').filter((attester) => at(attester, 'mode') === 'legal');
  const own = attesters.some((attester) => at(attester, 'party', 'reference') === `Practitioner/${signer}`);
  return own && (status === 'final' || status === 'amended');
}
