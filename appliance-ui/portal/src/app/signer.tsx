/** Who signed, beside the seal. */
import type { Checked, Signer } from '@relaybox/lib/session/api';
import { useWords } from '../kit/lang.tsx';
import { Sealed } from '../kit/seal.tsx';
import { Tag } from '../kit/tag.tsx';
import { recordWords } from '../words/record.ts';

export function useSignerName(): (who: Signer) => string {
  const w = useWords(recordWords);
  return (who) => (who.me ? w.youSigned : (who.name ?? w.unnamed[who.role]));
}

/** Name with the seal, then what limits the record: from outside, from the former system, copies that differ. */
export function SignedBy({ checked }: { checked: Checked }) {
  const w = useWords(recordWords);
  const name = useSignerName()(checked.signer);
  return (
    <>
      <Sealed>{name}</Sealed>
      {checked.marks.outside ? <p className="small ink2">{w.outside(name)}</p> : null}
      {checked.marks.former ? <p className="small ink2">{w.former}</p> : null}
      {checked.marks.copiesDiffer ? <p className="small stop">{w.differs}</p> : null}
      {checked.marks.unsigned ? <Tag tone="line">{w.unsigned}</Tag> : null}
    </>
  );
}
