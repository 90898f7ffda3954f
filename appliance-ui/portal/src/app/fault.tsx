/** What stands where a page failed, or an address leads nowhere. The text is the same whether a thing exists or not. */
import { Button } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { Link, useRouter } from '@tanstack/react-router';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { shellWords } from '../words/shell.ts';

export function NotFound() {
  const w = useWords(shellWords);
  return (
    <main className="fault">
      <h1 tabIndex={-1} className="sr">
        {w.nothing}
      </h1>
      <Note tone="plain" title={w.nothing} actions={<Link to="/">{w.toHome}</Link>}>
        {w.nothingSub}
      </Note>
    </main>
  );
}

/** The script of a page did not come. */
export class PageMissing extends Error {
  override name = 'PageMissing';
}

/** The code is the kind of fault only: a message could hold what a record says. */
export function PageError({ error, reset }: { error: unknown; reset: () => void }) {
  const w = useWords(shellWords);
  const router = useRouter();
  const again = () => {
    reset();
    void router.invalidate();
  };
  return (
    <div className="fault">
      <h1 tabIndex={-1} className="sr">
        {w.broke}
      </h1>
      <Note
        tone="due"
        icon={IconRefresh}
        title={w.broke}
        role="alert"
        actions={
          <Button variant="default" onClick={again}>
            {w.again}
          </Button>
        }
      >
        {error instanceof PageMissing ? w.brokeMissing : w.brokeSub}{' '}
        <span className="mono cap">{error instanceof Error ? error.name : 'Error'}</span>
      </Note>
    </div>
  );
}
