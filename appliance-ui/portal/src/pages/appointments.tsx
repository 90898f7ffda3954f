/** Appointments of the family (2126): what is to come, what was, and the way to the notes. */
import type { ChartView } from '@relaybox/lib/session/api';
import { Link } from '@tanstack/react-router';
import { FamilyApart, Unsure } from '../app/completeness.tsx';
import { useFamily } from '../app/family.ts';
import { Opening } from '../app/opening.tsx';
import { Closed } from '../app/record.tsx';
import { useTitle } from '../app/title.ts';
import { type Appointment, appointments, toCome } from '../app/visits.ts';
import { useWhen } from '../app/when.ts';
import { Chev } from '../kit/chev.tsx';
import { Empty } from '../kit/empty.tsx';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { Spine } from '../kit/spine.tsx';
import { Tag, type Tone } from '../kit/tag.tsx';
import { letterWords } from '../words/letters.ts';
import { recordWords } from '../words/record.ts';
import { shellWords } from '../words/shell.ts';

const tones = {
  booked: 'good',
  asked: 'info',
  cancelled: 'plain',
  missed: 'due',
  done: 'plain',
} as const satisfies Record<Appointment['state'], Tone>;
const earlierShown = 10;

interface Of {
  readonly view: ChartView;
  readonly one: Appointment;
}

export function AppointmentLine({ of: { view, one }, state }: { of: Of; state: boolean }) {
  const w = useWords(letterWords);
  const when = useWhen();
  return (
    <li className="li top">
      <Spine who={view.subject} />
      <span className="grow">
        <span className="ti block">{one.what ?? w.appointment}</span>
        <span className="small ink2 block">
          {when.moment(one.start)}
          {one.who.length > 0 ? `, ${w.with(one.who.join(', '))}` : ''}
        </span>
        {one.conflict ? <span className="small stop block">{w.conflict}</span> : null}
      </span>
      {state ? (
        <Tag tone={tones[one.state]} bare={one.state === 'booked' || one.state === 'done'}>
          {w.states[one.state]}
        </Tag>
      ) : null}
    </li>
  );
}

export function Appointments() {
  const w = useWords(letterWords);
  const record = useWords(recordWords);
  const shell = useWords(shellWords);
  useTitle(w.appointments);
  const { views, closed, ready, visitsUnsure: unsure, subjects } = useFamily();
  const now = Date.now() / 1000;
  const all = views.flatMap((view) => (view ? appointments(view).map((one) => ({ view, one })) : []));
  const ahead = new Set(
    views.flatMap((view) => (view ? toCome(appointments(view), now) : [])).map((one) => one.id),
  );
  const coming = all.filter(({ one }) => ahead.has(one.id)).sort((a, b) => a.one.start - b.one.start);
  const past = all.filter(({ one }) => !ahead.has(one.id)).sort((a, b) => b.one.start - a.one.start);
  const open = subjects.filter((subject) => subject.access.is === 'open');
  return (
    <>
      <h1 tabIndex={-1}>{w.appointments}</h1>
      {ready ? null : <Opening />}
      {closed.map((who) => (
        <Closed key={who.key} who={who} />
      ))}
      {ready && unsure ? <Unsure /> : null}
      {ready && !unsure && closed.length === 0 && coming.length === 0 ? (
        <Empty title={w.noneComing}>{w.noneComingSub}</Empty>
      ) : null}
      {coming.length > 0 ? (
        <Panel title={w.comingUp} flush>
          <ul className="lines">
            {coming.map((of) => (
              <AppointmentLine key={of.one.id} of={of} state />
            ))}
          </ul>
        </Panel>
      ) : null}
      {open.length > 0 ? (
        <Panel title={w.notes} flush>
          <div className="lines">
            {open.map((subject) => (
              <Link className="li" key={subject.key} to="/r/$n/visits" params={{ n: String(subject.n) }}>
                <Spine who={subject} />
                <span className="grow">
                  <span className="ti block">{record.visitsOf(subject.given ?? shell.noName)}</span>
                  <span className="small ink2">{w.notesSub}</span>
                </span>
                <Chev />
              </Link>
            ))}
          </div>
        </Panel>
      ) : null}
      {past.length > 0 ? (
        <Panel title={w.earlier} flush>
          <ul className="lines">
            {past.slice(0, earlierShown).map((of) => (
              <AppointmentLine key={of.one.id} of={of} state />
            ))}
          </ul>
        </Panel>
      ) : null}
      <FamilyApart views={views} />
    </>
  );
}
