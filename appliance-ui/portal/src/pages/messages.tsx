/** All conversations of the family with the clinic, newest first. */
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { FamilyApart, Unsure } from '../app/completeness.tsx';
import { useFamily } from '../app/family.ts';
import { type Letters, lettersOf } from '../app/letters.ts';
import { Opening } from '../app/opening.tsx';
import { Closed } from '../app/record.tsx';
import { useSignerName } from '../app/signer.tsx';
import { useTitle } from '../app/title.ts';
import { useWhen } from '../app/when.ts';
import { Chev } from '../kit/chev.tsx';
import { Empty } from '../kit/empty.tsx';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { Spine } from '../kit/spine.tsx';
import { State } from '../kit/tag.tsx';
import { letterWords } from '../words/letters.ts';

const page = 20;

export function Emergency() {
  const w = useWords(letterWords);
  return (
    <p className="small ink2">
      <strong>{w.emergency}</strong> {w.emergencySub}
    </p>
  );
}

export function ThreadLine({ thread }: { thread: Letters }) {
  const w = useWords(letterWords);
  const when = useWhen();
  const name = useSignerName();
  const last = thread.letters.at(-1);
  return (
    <Link className="li top" to="/messages/$m" params={{ m: String(thread.m) }}>
      <Spine who={thread.view.subject} />
      <span className="grow">
        <span className="row between base wrap">
          <span className="ti">{thread.topic ?? w.noTopic}</span>
          <span className="cap nowrap">{when.moment(thread.at)}</span>
        </span>
        {last ? (
          <span className="snippet">
            <span className="small ink2">{name(last.checked.signer)}: </span>
            <span className="read">{last.paragraphs[0] ?? w.noText}</span>
          </span>
        ) : null}
        {thread.confidential ? <State is="confidential" /> : null}
      </span>
      <Chev />
    </Link>
  );
}

export function Messages() {
  const w = useWords(letterWords);
  useTitle(w.messages);
  const { views, closed, ready, unsure } = useFamily();
  const [shown, setShown] = useState(page);
  const threads = lettersOf(views);
  return (
    <>
      <h1 tabIndex={-1}>{w.messages}</h1>
      {ready ? null : <Opening />}
      {closed.map((who) => (
        <Closed key={who.key} who={who} />
      ))}
      {ready && unsure ? <Unsure /> : null}
      {ready && !unsure && closed.length === 0 && threads.length === 0 ? (
        <Empty title={w.none}>{w.noneSub}</Empty>
      ) : null}
      {ready && threads.length > 0 ? (
        <Panel flush>
          <div className="lines">
            {threads.slice(0, shown).map((thread) => (
              <ThreadLine key={thread.m} thread={thread} />
            ))}
          </div>
        </Panel>
      ) : null}
      {ready && threads.length > shown ? (
        <div className="row">
          <Button variant="default" onClick={() => setShown(shown + page)}>
            {w.older}
          </Button>
        </div>
      ) : null}
      <FamilyApart views={views} />
      <p className="small ink2">{w.readOnly}</p>
      <Emergency />
    </>
  );
}
