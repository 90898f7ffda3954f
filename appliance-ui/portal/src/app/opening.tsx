/** Loading, or the plain fact that without a connection it is not here. Never an empty list in place of either. */
import { IconCloudOff } from '@tabler/icons-react';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Skeleton } from '../kit/skeleton.tsx';
import { shellWords } from '../words/shell.ts';
import { useSnapshot } from './store.ts';

/** `records`: how many are being opened, where it is known. */
export function Opening({ records = null }: { records?: number | null }) {
  const w = useWords(shellWords);
  const now = useSnapshot();
  if (now?.connection.is === 'offline')
    return (
      <Note tone="wait" icon={IconCloudOff} title={w.notHere}>
        {w.notHereSub}
      </Note>
    );
  // Why a box refuses, or what its list lacks, stands at the top of the page.
  const said = now?.connection.is === 'refused' || (now?.policyWhole === false && now.subjects.length === 0);
  return said ? null : <Skeleton records={records} />;
}
