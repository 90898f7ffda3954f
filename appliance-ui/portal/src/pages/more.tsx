/** Everything else: who can read, the clinics, the key, settings, about, lock. */
import {
  type Icon,
  IconArrowBackUp,
  IconBuildingHospital,
  IconEye,
  IconInfoCircle,
  IconKey,
  IconLock,
  IconSettings,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { closeSession, useSnapshot } from '../app/store.ts';
import { useTitle } from '../app/title.ts';
import { Chev } from '../kit/chev.tsx';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { Spine } from '../kit/spine.tsx';
import { moreWords } from '../words/more.ts';
import { shellWords } from '../words/shell.ts';
import { undoWords } from '../words/undo.ts';

function Row({ icon: Mark, title, sub }: { icon: Icon; title: string; sub: string }) {
  return (
    <>
      <Mark size={26} stroke={1.6} className="tint" aria-hidden />
      <span className="grow">
        <span className="ti block">{title}</span>
        <span className="small ink2">{sub}</span>
      </span>
    </>
  );
}

function Readers() {
  const w = useWords(moreWords);
  const shell = useWords(shellWords);
  const open = useSnapshot()?.subjects.filter((subject) => subject.access.is === 'open') ?? [];
  return open.length === 0 ? null : (
    <Panel title={w.aboutRecords} flush>
      <div className="lines">
        {open.map((subject) => (
          <Link className="li" key={subject.key} to="/r/$n/readers" params={{ n: String(subject.n) }}>
            <Spine who={subject} />
            <span className="grow ti">{w.readersOf(subject.given ?? shell.noName)}</span>
            <IconEye size={20} stroke={1.6} className="tint" aria-hidden />
            <Chev />
          </Link>
        ))}
      </div>
    </Panel>
  );
}

export function More() {
  const w = useWords(moreWords);
  const undo = useWords(undoWords);
  useTitle(w.title);
  return (
    <>
      <h1 tabIndex={-1}>{w.title}</h1>
      <Readers />
      <Panel title={w.you} flush>
        <div className="lines">
          <Link className="li" to="/keys">
            <Row icon={IconKey} title={w.keys} sub={w.keysSub} />
            <Chev />
          </Link>
          <Link className="li" to="/keys/undo">
            <Row icon={IconArrowBackUp} title={undo.link} sub={undo.sub} />
            <Chev />
          </Link>
          <Link className="li" to="/practices">
            <Row icon={IconBuildingHospital} title={w.practices} sub={w.practicesSub} />
            <Chev />
          </Link>
          <Link className="li" to="/settings">
            <Row icon={IconSettings} title={w.settings} sub={w.settingsSub} />
            <Chev />
          </Link>
          <Link className="li" to="/about">
            <Row icon={IconInfoCircle} title={w.about} sub={w.aboutSub} />
            <Chev />
          </Link>
          <button type="button" className="li" onClick={() => closeSession('asked')}>
            <Row icon={IconLock} title={w.lockNow} sub={w.lockSub} />
          </button>
        </div>
      </Panel>
    </>
  );
}
