/** One conversation: letters, not bubbles. Full width, writer and time, people's words in the reading face. */
import { useParams } from '@tanstack/react-router';
import { useFamily } from '../app/family.ts';
import { type Letter, lettersOf, type Letters as Thread } from '../app/letters.ts';
import { Opening } from '../app/opening.tsx';
import { Back, Closed } from '../app/record.tsx';
import { useSignerName } from '../app/signer.tsx';
import { useTitle } from '../app/title.ts';
import { useWhen } from '../app/when.ts';
import { Empty } from '../kit/empty.tsx';
import { useWords } from '../kit/lang.tsx';
import { Sealed } from '../kit/seal.tsx';
import { Spine } from '../kit/spine.tsx';
import { State } from '../kit/tag.tsx';
import { letterWords } from '../words/letters.ts';
import { recordWords } from '../words/record.ts';
import { shellWords } from '../words/shell.ts';
import { Emergency } from './messages.tsx';

function One({ letter }: { letter: Letter }) {
  const w = useWords(letterWords);
  const record = useWords(recordWords);
  const when = useWhen();
  const name = useSignerName()(letter.checked.signer);
  const { signer, marks } = letter.checked;
  return (
    <article className={signer.me ? 'letter mine' : 'letter'}>
      <div className="row between base wrap">
        <h2 className="lettername">{name}</h2>
        <span className="cap">{when.moment(letter.at)}</span>
      </div>
      {letter.paragraphs.map((paragraph, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the paragraphs of one letter never move.
        <p key={n} className="read">
          {paragraph}
        </p>
      ))}
      {letter.paragraphs.length === 0 ? <p className="small ink2">{w.noText}</p> : null}
      {letter.files > 0 ? <p className="small ink2">{w.attached}</p> : null}
      {marks.former ? <p className="cap">{record.former}</p> : null}
      {marks.copiesDiffer ? <p className="small stop">{record.differs}</p> : null}
      {signer.me ? null : <Sealed>{record.roles[signer.role]}</Sealed>}
    </article>
  );
}

function Conversation({ thread }: { thread: Thread }) {
  const w = useWords(letterWords);
  const shell = useWords(shellWords);
  return (
    <>
      <div className="row top headrow">
        <Spine who={thread.view.subject} />
        <div>
          <h1 tabIndex={-1}>{thread.topic ?? w.noTopic}</h1>
          <p className="small ink2">
            {w.about(thread.view.subject.given ?? shell.noName)} · {w.count(thread.letters.length)}
          </p>
        </div>
      </div>
      {thread.confidential ? (
        <p>
          <State is="confidential" />
        </p>
      ) : null}
      <section className="panel bleed" aria-label={w.conversation}>
        {thread.headless ? <p className="letter small ink2">{w.missing}</p> : null}
        {thread.letters.map((letter) => (
          <One key={letter.id} letter={letter} />
        ))}
      </section>
    </>
  );
}

export function Letters() {
  const w = useWords(letterWords);
  const record = useWords(recordWords);
  useTitle(w.messages);
  const { m = '' } = useParams({ strict: false });
  const { views, closed, ready } = useFamily();
  const thread = lettersOf(views).find((one) => String(one.m) === m);
  return (
    <>
      <Back to="/messages">{w.all}</Back>
      {thread ? (
        <Conversation thread={thread} />
      ) : (
        <>
          <h1 tabIndex={-1}>{w.messages}</h1>
          {closed.map((who) => (
            <Closed key={who.key} who={who} />
          ))}
          {ready ? null : <Opening />}
          {ready && closed.length === 0 ? <Empty title={record.noSuch}>{record.noSuchSub}</Empty> : null}
        </>
      )}
      <Emergency />
    </>
  );
}
