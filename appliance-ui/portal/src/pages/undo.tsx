/**
 * What ending access, stopping a key, sharing, losing a phone and moving can and cannot undo. Explanation only: what
 * is shared, ended or forgotten is done elsewhere, and the sentences are true whether or not it can be done here.
 */
import { IconCheck, IconMinus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { Back } from '../app/record.tsx';
import { useTitle } from '../app/title.ts';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { moreWords } from '../words/more.ts';
import { undoWords } from '../words/undo.ts';

const deeds = ['end', 'stop', 'share', 'phone', 'key', 'move', 'forget', 'wrong'] as const;

/** The link to this page, where somebody asks who can read, or has lost a key. */
export function UndoLink() {
  const w = useWords(undoWords);
  return (
    <p className="small">
      <Link className="lnk" to="/keys/undo">
        {w.link}
      </Link>
    </p>
  );
}

function Deed({ deed }: { deed: (typeof deeds)[number] }) {
  const w = useWords(undoWords);
  const { title, does, stays } = w[deed];
  return (
    <Panel title={title}>
      <ul className="steps">
        <li>
          <span className="ic good">
            <IconCheck size={18} stroke={2.5} aria-hidden />
          </span>
          <span>
            <span className="b small block">{w.does}</span>
            <span className="read block">{does}</span>
          </span>
        </li>
        <li>
          <span className="ic simpler">
            <IconMinus size={18} stroke={2.5} aria-hidden />
          </span>
          <span>
            <span className="b small block">{w.stays}</span>
            <span className="read block">{stays}</span>
          </span>
        </li>
      </ul>
    </Panel>
  );
}

export function Undo() {
  const w = useWords(undoWords);
  const more = useWords(moreWords);
  useTitle(w.title);
  return (
    <>
      <Back to="/more">{more.title}</Back>
      <h1 tabIndex={-1}>{w.heading}</h1>
      <p className="ink2">{w.say}</p>
      {deeds.map((deed) => (
        <Deed key={deed} deed={deed} />
      ))}
    </>
  );
}
