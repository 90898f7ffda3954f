/** The bones of every page before sign-in: the dark side with the shelf (no key is here), and the form. */
import type { ReactNode } from 'react';
import { NewVersion } from '../app/new-version.tsx';
import { LangSwitch, useWords } from '../kit/lang.tsx';
import { Shelf } from '../kit/mark.tsx';
import { loginWords } from '../words/login.ts';
import { useClinic } from './clinic.ts';

export function Frame({ children }: { children: ReactNode }) {
  const w = useWords(loginWords);
  const clinic = useClinic();
  return (
    <div className="login">
      <div className="side">
        <p className="big">
          {w.sideA}
          <br />
          {w.sideB}
        </p>
        <Shelf height={230} />
      </div>
      <main className="form">
        <div className="row between">
          <p className="b">{clinic.here?.name ?? 'Relaybox'}</p>
          <LangSwitch />
        </div>
        <NewVersion />
        {children}
      </main>
    </div>
  );
}
