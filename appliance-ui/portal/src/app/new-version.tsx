import { Button } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { shellWords } from '../words/shell.ts';
import { takeUpdate, useUpdate } from './update.ts';

/** "A new version is ready": never taken behind somebody's back, because it locks. */
export function NewVersion() {
  const w = useWords(shellWords);
  return useUpdate() ? (
    <Note
      tone="info"
      icon={IconRefresh}
      title={w.update}
      role="status"
      actions={
        <Button variant="default" onClick={takeUpdate}>
          {w.updateNow}
        </Button>
      }
    >
      {w.updateSub}
    </Note>
  ) : null;
}
