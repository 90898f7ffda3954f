/** What the box of this page cannot do now: it belongs to no clinic yet, or does not answer. */
import { IconBuildingHospital, IconCloudOff } from '@tabler/icons-react';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { loginWords } from '../words/login.ts';
import { useClinic } from './clinic.ts';

/** `saved`: whether a passkey opens something on this device; null where that is not asked. */
export function BoxState({ saved }: { saved: boolean | null }) {
  const w = useWords(loginWords);
  const { box } = useClinic();
  if (box === 'unclaimed')
    return (
      <Note tone="plain" icon={IconBuildingHospital} title={w.unclaimed} role="status">
        {w.unclaimedSub}
      </Note>
    );
  if (box !== 'away') return null;
  return (
    <Note tone="wait" icon={IconCloudOff} title={w.unreachable} role="status">
      {saved === null ? null : saved ? w.unreachableSub : w.unreachableNothing}
    </Note>
  );
}
