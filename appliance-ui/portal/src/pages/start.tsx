/** The first page leads back to where a lock came, else to the first record that opens; who has none is told why. */
import { Link, useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { known } from '../app/family.ts';
import { takeResume, useSnapshot } from '../app/store.ts';
import { useTitle } from '../app/title.ts';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Skeleton } from '../kit/skeleton.tsx';
import { shellWords } from '../words/shell.ts';

export function Start() {
  const w = useWords(shellWords);
  useTitle(w.home);
  const now = useSnapshot();
  const router = useRouter();
  const first = now?.subjects.find((subject) => subject.access.is === 'open') ?? now?.subjects[0];
  const me = now?.me.key;
  const to = first ? `/r/${first.n}` : null;
  useEffect(() => {
    if (me === undefined) return;
    const back = takeResume(me) ?? to;
    if (back !== null && back !== '/') router.history.replace(back);
  }, [me, to, router]);
  if (first) return <Skeleton />;
  // Who is offline or refused is told so above; that no record is linked is known from the box alone.
  const connection = now?.connection.is;
  if (connection === 'offline' || connection === 'refused' || now?.policyWhole === false)
    return <h1 tabIndex={-1}>{w.home}</h1>;
  if (!known(now))
    return (
      <>
        <h1 tabIndex={-1} className="sr">
          {w.home}
        </h1>
        <Skeleton />
      </>
    );
  return (
    <>
      <h1 tabIndex={-1}>{w.home}</h1>
      <Note
        tone="plain"
        title={w.noRecords}
        actions={
          <Link className="lnk" to="/keys">
            {w.showKey}
          </Link>
        }
      >
        {w.noRecordsSub}
      </Note>
    </>
  );
}
