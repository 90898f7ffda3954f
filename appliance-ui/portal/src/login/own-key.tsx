/**
 * Before somebody brings a key of their own: where else is it used? A public profile beside it tells whoever sees the
 * public key whose family this is. This page may ask no third party, so it asks the person. A key under a passkey is
 * not asked about again; nothing else is noted of the answer, because on the device it would tell which key was used.
 */
import { Button } from '@mantine/core';
import { IconShieldLock, IconUserSearch } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { Chev } from '../kit/chev.tsx';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { keyWords } from '../words/key.ts';

export interface OwnKeyProps {
  /** Where the person goes for a new key instead. */
  readonly onFresh: () => void;
  /** Where the key is given. */
  readonly children: ReactNode;
}

export function OwnKey({ onFresh, children }: OwnKeyProps) {
  const w = useWords(keyWords);
  const [is, setIs] = useState<'asked' | 'others' | 'clear'>('asked');
  if (is === 'clear') return children;
  if (is === 'others')
    return (
      <Note
        tone="due"
        icon={IconUserSearch}
        title={w.profile}
        role="alert"
        actions={
          <>
            <Button onClick={onFresh}>{w.fresh}</Button>
            <Button variant="default" onClick={() => setIs('clear')}>
              {w.anyway}
            </Button>
          </>
        }
      >
        {w.profileSub}
      </Note>
    );
  return (
    <>
      <Panel title={w.elsewhereQ} flush>
        <p className="small ink2 panelsay">{w.elsewhereSay}</p>
        <div className="lines">
          <button type="button" className="li" onClick={() => setIs('clear')}>
            <IconShieldLock size={26} stroke={1.6} className="tint" aria-hidden />
            <span className="grow">
              <span className="ti block">{w.only}</span>
              <span className="small ink2">{w.onlySub}</span>
            </span>
            <Chev />
          </button>
          <button type="button" className="li" onClick={() => setIs('others')}>
            <IconUserSearch size={26} stroke={1.6} className="tint" aria-hidden />
            <span className="grow">
              <span className="ti block">{w.others}</span>
              <span className="small ink2">{w.othersSub}</span>
            </span>
            <Chev />
          </button>
        </div>
      </Panel>
      <div className="row">
        <Button variant="subtle" onClick={onFresh}>
          {w.fresh}
        </Button>
      </div>
    </>
  );
}
