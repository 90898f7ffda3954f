/** Who can read this record today: people and systems that hold a key, and what it opens. */

import { Button } from '@mantine/core';
import type { ChartView, MayRead, Subject } from '@relaybox/lib/session/api';
import { IconRefresh } from '@tabler/icons-react';
import { useCallback, useEffect, useState } from 'react';
import { ageOf, isOwn, isStaff, limitedFrom } from '../app/people.ts';
import { RecordPage, useSubject } from '../app/record.tsx';
import { useSignerName } from '../app/signer.tsx';
import { currentSession } from '../app/store.ts';
import { useWhen } from '../app/when.ts';
import { useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Panel } from '../kit/panel.tsx';
import { Skeleton } from '../kit/skeleton.tsx';
import { recordWords } from '../words/record.ts';
import { shellWords } from '../words/shell.ts';
import { UndoLink } from './undo.tsx';

type Loaded = readonly MayRead[] | 'failed' | null;

function useReaders(view: ChartView): { readers: Loaded; again: () => void } {
  const [readers, setReaders] = useState<Loaded>(null);
  const { key } = view.subject;
  const load = useCallback(() => {
    let wanted = true;
    setReaders(null);
    currentSession()
      ?.mayRead(key)
      .then(
        (list) => wanted && setReaders(list),
        () => wanted && setReaders('failed'),
      );
    return () => {
      wanted = false;
    };
  }, [key]);
  useEffect(load, [load]);
  return { readers, again: load };
}

/**
 * What a key opens. A guardian's page of a teenager follows the age alone: it says the same whether something private
 * exists or not.
 */
function whatOpens(one: MayRead, of: Subject, w: (typeof recordWords)['en']): string {
  if (!one.compartments.includes('chart')) return w.opensDesk;
  const age = ageOf(of, Date.now() / 1000);
  if (!isOwn(of)) return age !== null && age.years >= limitedFrom ? w.opensAll : w.opensChart;
  return one.compartments.includes('confidential') ? w.opensPrivate : w.opensShared;
}

const isPatient = (one: MayRead) => one.who.role === 'patient' || one.who.role === 'own';

/** The patient is one person, whatever keys stand for them. */
function onePatient(list: readonly MayRead[]): readonly MayRead[] {
  const [widest] = list
    .filter(isPatient)
    .sort((a, b) => b.compartments.length - a.compartments.length || Number(b.who.me) - Number(a.who.me));
  return list.filter((one) => !isPatient(one) || one === widest);
}

function Reader({ one, of }: { one: MayRead; of: Subject }) {
  const w = useWords(recordWords);
  const when = useWhen();
  const name = useSignerName()(one.who);
  const known = one.who.me || one.who.name !== null;
  const child = isPatient(one) && !one.who.me ? of.given : null;
  const role = known || child !== null ? w.roles[one.who.role] : null;
  const opens = whatOpens(one, of, w);
  const dates = [
    one.since === null ? null : w.since(when.day(one.since)),
    one.until === null ? null : w.until(when.day(one.until)),
  ].filter((date) => date !== null);
  return (
    <li className="li">
      <span className="grow">
        <span className="ti block">{child ?? name}</span>
        <span className="small ink2 block first">{role ? `${role}. ${opens}` : opens}</span>
        {dates.length > 0 ? <span className="cap">{dates.join(', ')}</span> : null}
      </span>
    </li>
  );
}

function Group({ title, list, of }: { title: string; list: readonly MayRead[]; of: Subject }) {
  return list.length === 0 ? null : (
    <Panel title={title} flush>
      <ul className="lines">
        {list.map((one) => (
          <Reader key={`${one.who.key} ${one.since}`} one={one} of={of} />
        ))}
      </ul>
    </Panel>
  );
}

function List({ view }: { view: ChartView }) {
  const w = useWords(recordWords);
  const shell = useWords(shellWords);
  const { readers, again } = useReaders(view);
  if (readers === null) return <Skeleton />;
  if (readers === 'failed')
    return (
      <Note
        tone="due"
        icon={IconRefresh}
        title={w.readersFailed}
        role="alert"
        actions={
          <Button variant="default" onClick={again}>
            {shell.again}
          </Button>
        }
      />
    );
  const { subject } = view;
  const family = onePatient(readers.filter((one) => one.who.role === 'guardian' || isPatient(one)));
  const clinic = readers.filter((one) => isStaff(one.who));
  const rest = readers.filter((one) => !isPatient(one) && !family.includes(one) && !clinic.includes(one));
  return (
    <>
      <Group title={w.readersFamily} list={family} of={subject} />
      <Group title={w.readersClinic} list={clinic} of={subject} />
      <Group title={w.readersOutside} list={rest} of={subject} />
      <p className="small ink2">{w.readersNote}</p>
      <UndoLink />
    </>
  );
}

export function Readers() {
  const w = useWords(recordWords);
  const shell = useWords(shellWords);
  const who = useSubject()?.given ?? shell.noName;
  return (
    <RecordPage title={w.readers} heading={w.readersHeading(who)}>
      {(view) => (
        <>
          <p className="ink2">{w.readersSay}</p>
          <List view={view} />
        </>
      )}
    </RecordPage>
  );
}
