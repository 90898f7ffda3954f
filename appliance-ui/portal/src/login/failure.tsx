/** What went wrong at sign-in, as a fact and its cause. Nothing here is red but what stops the person. */
import { IconCloudOff, IconFingerprintOff, IconKeyOff } from '@tabler/icons-react';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { loginWords } from '../words/login.ts';
import type { Failed } from './open.ts';

export function Failure({ failed, way }: { failed: Failed; way: 'passkey' | 'password' | 'key' }) {
  const w = useWords(loginWords);
  if (failed === null) return null;
  if (failed === 'cancelled')
    return (
      <Note tone="plain" icon={IconFingerprintOff} title={w.cancelled} role="status">
        {way === 'passkey' ? w.cancelledSub : null}
      </Note>
    );
  if (failed === 'wrong-key')
    return (
      <Note
        tone="due"
        icon={IconKeyOff}
        title={way === 'password' ? w.wrongPassword : w.wrongKey}
        role="alert"
      >
        {way === 'password' ? w.wrongPasswordSub : w.wrongKeySub}
      </Note>
    );
  if (failed === 'invalid')
    return (
      <Note tone="due" icon={IconKeyOff} title={way === 'passkey' ? w.noPasskey : w.noKey} role="alert">
        {way === 'passkey' ? w.noPasskeySub : w.noKeySub}
      </Note>
    );
  if (failed === 'storage')
    return (
      <Note tone="due" title={w.storage} role="alert">
        {w.storageSub}
      </Note>
    );
  if (failed === 'offline')
    return (
      <Note tone="wait" icon={IconCloudOff} title={w.unreachable} role="alert">
        {w.unreachableSub}
      </Note>
    );
  return (
    <Note tone="due" title={w.internal} role="alert">
      {w.internalSub} <span className="mono cap">{failed}</span>
    </Note>
  );
}
