/** The locked copy of a key (ncryptsec): choosing its password, and taking it away from this device. */
import { Button } from '@mantine/core';
import { IconCopy, IconFileDownload, IconPrinter } from '@tabler/icons-react';
import { type SyntheticEvent, useState } from 'react';
import { Field } from '../kit/field.tsx';
import { useWords } from '../kit/lang.tsx';
import { Qr } from '../kit/qr.tsx';
import { loginWords } from '../words/login.ts';
import { Failure } from './failure.tsx';
import { codeOf, type Failed } from './open.ts';

/** Nobody can slow down a guess at the copy but its password. */
const least = 12;

export interface CopyPasswordProps {
  /** Makes the copy; rejects with a `SessionError`. */
  readonly make: (password: string) => Promise<string>;
  readonly onCopy: (copy: string) => void;
}

export function CopyPassword({ make, onCopy }: CopyPasswordProps) {
  const w = useWords(loginWords);
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  const [wrong, setWrong] = useState<'short' | 'differs' | null>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Failed>(null);
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    const fault = [...first].length < least ? 'short' : first === second ? null : 'differs';
    setWrong(fault);
    setFailed(null);
    if (fault) return;
    setBusy(true);
    try {
      onCopy(await make(first));
    } catch (error) {
      setFailed(codeOf(error));
      setBusy(false);
    }
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p className="ink2">{w.backupSay}</p>
      <Field
        label={w.newPassword}
        help={w.newPasswordHelp}
        error={wrong === 'short' ? w.short : null}
        type="password"
        autoComplete="new-password"
        value={first}
        onText={setFirst}
        refusal={w.secretHere}
      />
      <Field
        label={w.repeat}
        error={wrong === 'differs' ? w.differs : null}
        type="password"
        autoComplete="new-password"
        value={second}
        onText={setSecond}
        refusal={w.secretHere}
      />
      <Failure failed={failed} way="passkey" />
      <Button type="submit" size="lg" fullWidth loading={busy}>
        {w.makeCopy}
      </Button>
    </form>
  );
}

function save(text: string): void {
  const url = URL.createObjectURL(new Blob([`${text}\n`], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'locked-key.txt';
  link.click();
  URL.revokeObjectURL(url);
}

/** Code, text, and three ways to take it away. */
export function LockedCopy({ copy }: { copy: string }) {
  const w = useWords(loginWords);
  const [copied, setCopied] = useState(false);
  return (
    <div className="stack">
      <p className="ink2">{w.copySay}</p>
      <div className="qr lockedqr">
        <Qr text={copy.toUpperCase()} label={w.copyQr} />
      </div>
      <p className="mono small wrapall">{copy}</p>
      <div className="row wrap noprint">
        <Button
          variant="default"
          leftSection={<IconCopy size={18} aria-hidden />}
          onClick={() => navigator.clipboard.writeText(copy).then(() => setCopied(true))}
        >
          {w.copyText}
        </Button>
        <Button
          variant="default"
          leftSection={<IconFileDownload size={18} aria-hidden />}
          onClick={() => save(copy)}
        >
          {w.copyFile}
        </Button>
        <Button variant="default" leftSection={<IconPrinter size={18} aria-hidden />} onClick={() => print()}>
          {w.print}
        </Button>
      </div>
      {copied ? (
        <p className="small ink2" role="status">
          {w.copied}
        </p>
      ) : null}
    </div>
  );
}
