/**
 * What the pages of the health part share: the frame with the way back, who signed a row and what is to be said of it,
 * versions that contradict each other, and at the foot how complete the record is.
 */
import './health.css';
import type { FhirDate } from '@relaybox/lib/clinical/dates';
import { parseFhirDate } from '@relaybox/lib/clinical/dates';
import { dateText } from '@relaybox/lib/i18n/format';
import type { Item, Version } from '@relaybox/lib/protocol/fold';
import type { Compartment, Hex, Resource } from '@relaybox/lib/protocol/types';
import type { ChartView, Checked, Signer, Subject } from '@relaybox/lib/session/api';
import { IconArrowsSplit2, IconLock } from '@tabler/icons-react';
import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { CompletenessLine } from '../app/completeness.tsx';
import { lacksNothing } from '../app/missing.ts';
import { isOwn } from '../app/people.ts';
import { Back, RecordPage, useSubject } from '../app/record.tsx';
import { useWhen } from '../app/when.ts';
import { useLang, useWords } from '../kit/lang.tsx';
import { Note } from '../kit/note.tsx';
import { Seal } from '../kit/seal.tsx';
import { Tag } from '../kit/tag.tsx';
import { recordWords } from '../words/record.ts';
import { commonWords } from './words/common.ts';

/** What a page calls the child; null where the reader is meant. */
export const nameFor = (subject: Subject): string | null => (isOwn(subject) ? null : subject.given);

interface Heading {
  readonly title: string;
  readonly heading: (name: string) => string;
  readonly own: string;
}

export interface HealthPageProps {
  readonly words: Heading;
  readonly aside?: ReactNode;
  /** The index itself has no way back. */
  readonly top?: boolean;
  /** Drawn without the frame's foot: papers. */
  readonly bare?: boolean;
  readonly children: (view: ChartView) => ReactNode;
}

export function HealthPage({ words, aside, top, bare, children }: HealthPageProps) {
  const w = useWords(commonWords);
  const subject = useSubject();
  const { n } = useParams({ strict: false });
  const name = subject ? nameFor(subject) : null;
  const heading = subject && isOwn(subject) ? words.own : name === null ? words.title : words.heading(name);
  return (
    <RecordPage
      title={words.title}
      heading={heading}
      aside={aside}
      back={top || n === undefined ? null : <Back to={`/r/${n}/health`}>{w.health}</Back>}
    >
      {(view) => (
        <>
          {children(view)}
          {bare ? null : <Foot view={view} />}
        </>
      )}
    </RecordPage>
  );
}

/** Apart, pending, complete or not: said on every page, because every list may lack something. */
function Foot({ view }: { view: ChartView }) {
  const w = useWords(commonWords);
  const when = useWhen();
  return (
    <footer className="foot">
      <CompletenessLine view={view} n={String(view.subject.n)} brief={!lacksNothing(view)} />
      {view.asOf > 0 ? <p className="cap">{w.asOf(when.moment(view.asOf))}</p> : null}
    </footer>
  );
}

/** Name of a signer, or the role in words. */
export function useSignerName(): (signer: Signer) => string {
  const w = useWords(commonWords);
  return (signer) => {
    if (signer.me) return w.you;
    const name = signer.name ?? w.roles[signer.role];
    const staff = !['guardian', 'patient', 'own'].includes(signer.role);
    return signer.member || !staff ? name : w.left(name);
  };
}

export interface ByProps {
  readonly view: ChartView;
  readonly id: Hex;
  /** The day that the record is about; the day of its receipt can be another. */
  readonly on?: FhirDate | null;
  /** Shows the moment of the box's receipt instead. */
  readonly received?: boolean;
}

/** Who signed a record, when, with the way to how it was checked; and what is to be said of it. */
export function By({ view, id, on, received: timed = false }: ByProps) {
  const w = useWords(commonWords);
  const when = useWhen();
  const lang = useLang();
  const nameOf = useSignerName();
  const checked = view.checked.get(id);
  if (!checked) return null;
  const { signer, received, marks } = checked;
  const name = nameOf(signer);
  const moment = timed && received !== null ? when.moment(received) : null;
  const date = moment ?? (on ? dateText(lang, on) : null);
  const genuine = received !== null && !marks.former;
  return (
    <>
      <Link
        className="bylink"
        to="/r/$n/visits/$m/genuine"
        params={{ n: String(view.subject.n), m: String(checked.m) }}
      >
        {genuine ? <Seal /> : null}
        {date === null ? name : w.by(name, date)}
        <span className="sr">. {w.checkIt}</span>
      </Link>
      <Marks checked={checked} name={name} />
    </>
  );
}

function Marks({ checked, name }: { checked: Checked; name: string }) {
  const w = useWords(commonWords);
  const r = useWords(recordWords);
  const { marks, received } = checked;
  return (
    <>
      {received === null ? <Tag tone="wait">{w.pendingMark}</Tag> : null}
      {marks.former ? <Tag tone="plain">{r.former}</Tag> : null}
      {marks.outside ? <p className="small ink2">{r.outside(name)}</p> : null}
      {marks.copiesDiffer ? <Tag tone="due">{r.differs}</Tag> : null}
      {marks.unsigned ? <Tag tone="line">{r.unsigned}</Tag> : null}
    </>
  );
}

export function Private({ compartment }: { compartment: Compartment }) {
  const w = useWords(commonWords);
  return compartment === 'confidential' ? (
    <Tag tone="priv" icon={IconLock}>
      {w.confidential}
    </Tag>
  ) : null;
}

export interface TwoVersionsProps {
  readonly view: ChartView;
  readonly items: readonly Item[];
  /** What a version says, in a few words. */
  readonly say: (resource: Resource) => string | null;
}

/** Versions that were written without each other. All are named, none is shown as the truth. */
export function TwoVersions({ view, items, say }: TwoVersionsProps) {
  const w = useWords(commonWords);
  if (items.length === 0) return null;
  const heads = (item: Item): readonly Version[] =>
    item.versions.filter(({ record }) => item.heads.includes(record.id));
  return (
    <Note tone="due" icon={IconArrowsSplit2} title={w.twoTitle}>
      <p>{w.twoText}</p>
      <ul className="stack s aside">
        {items.flatMap((item) =>
          heads(item).map(({ record }) => (
            <li key={record.id}>
              <span className="b">{say(record.resource) ?? w.noName}</span>
              <br />
              <By view={view} id={record.id} received />
            </li>
          )),
        )}
      </ul>
    </Note>
  );
}

export const civil = (date: string | null): FhirDate | null => parseFhirDate(date);

/** People's words, each in its own paragraph. */
export function Words({ texts }: { texts: readonly string[] }) {
  return (
    <>
      {texts.map((text) => (
        <p className="read" key={text}>
          {text}
        </p>
      ))}
    </>
  );
}
