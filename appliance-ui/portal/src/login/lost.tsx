/** What to do when the phone or the key is gone. Plain truth: nobody can bring a key back. */
import { Link } from '@tanstack/react-router';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { loginWords } from '../words/login.ts';
import { useLoginTitle } from './clinic.ts';
import { BackToDoor } from './first.tsx';
import { Frame } from './frame.tsx';

/** Also on the page of one's key. */
export function LostAdvice() {
  const w = useWords(loginWords);
  return (
    <>
      <Panel title={w.lostPhone}>
        <p className="read">{w.lostPhoneSub}</p>
      </Panel>
      <Panel title={w.lostKey}>
        <p className="read">{w.lostKeySub}</p>
      </Panel>
      <Panel title={w.someoneElse}>
        <p className="read">{w.someoneElseSub}</p>
      </Panel>
    </>
  );
}

export function Lost() {
  const w = useWords(loginWords);
  useLoginTitle(w.lostTitle);
  return (
    <Frame>
      <BackToDoor />
      <h1 tabIndex={-1}>{w.lostTitle}</h1>
      <LostAdvice />
      <p>
        <Link className="lnk" to="/in/more">
          {w.more}
        </Link>
      </p>
    </Frame>
  );
}
