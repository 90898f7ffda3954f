/** The first page of one record: next visit, what is new, health at a glance. What is not there is absent, not empty. */
import type { ChartView, Subject } from '@relaybox/lib/session/api';
import { IconDownload, IconPhone } from '@tabler/icons-react';
import { Link, useParams } from '@tanstack/react-router';
import { CompletenessLine } from '../app/completeness.tsx';
import { useFamily } from '../app/family.ts';
import { type News, newsOf } from '../app/news.ts';
import { adultFrom, ageOf, isOwn } from '../app/people.ts';
import { RecordPage, useSubject } from '../app/record.tsx';
import { useSignerName } from '../app/signer.tsx';
import { useSnapshot } from '../app/store.ts';
import { appointments, toCome } from '../app/visits.ts';
import { useWhen } from '../app/when.ts';
import { Chev } from '../kit/chev.tsx';
import { useWords } from '../kit/lang.tsx';
import { Panel } from '../kit/panel.tsx';
import { Spine } from '../kit/spine.tsx';
import { homeWords } from '../words/home.ts';
import { letterWords } from '../words/letters.ts';
import { shellWords } from '../words/shell.ts';
import { AppointmentLine } from './appointments.tsx';
import { WhoSees } from './own.tsx';
import { Tiles } from './tiles.tsx';

const newsShown = 5;

function Next({ view }: { view: ChartView }) {
  const w = useWords(homeWords);
  const when = useWhen();
  const next = toCome(appointments(view), Date.now() / 1000).find((one) => !one.conflict);
  if (!next) return null;
  const what = next.what ?? w.appointment;
  return (
    <section className="hero">
      <div>
        <p className="cap">{when.moment(next.start)}</p>
        <h2>{next.who[0] ? w.with(what, next.who[0]) : what}</h2>
      </div>
      {next.state === 'asked' ? <p>{w.asked}</p> : null}
    </section>
  );
}

function NewsLine({ news, n }: { news: News; n: string }) {
  const w = useWords(homeWords);
  const letters = useWords(letterWords);
  const when = useWhen();
  const name = useSignerName();
  if (news.is === 'letter') {
    const last = news.thread.letters.at(-1);
    return (
      <Link className="li" to="/messages/$m" params={{ m: String(news.thread.m) }}>
        <span className="grow">
          <span className="row between base wrap">
            <span className="ti">{last ? name(last.checked.signer) : news.thread.topic}</span>
            <span className="cap nowrap">{when.moment(news.at)}</span>
          </span>
          <span className="snippet read">{last?.paragraphs[0] ?? letters.noText}</span>
        </span>
        <Chev />
      </Link>
    );
  }
  const inside = (
    <>
      <span className="grow">
        <span className="ti block">{w[news.is]}</span>
        <span className="small ink2">
          {news.title ? `${news.title} · ` : ''}
          {when.day(news.at)}
        </span>
      </span>
      <Chev />
    </>
  );
  if (news.is === 'note')
    return (
      <Link className="li" to="/r/$n/visits/$m" params={{ n, m: String(news.m) }}>
        {inside}
      </Link>
    );
  const to = (
    {
      result: '/r/$n/health/results',
      vaccine: '/r/$n/health/vaccines',
      medicine: '/r/$n/health/medicines',
      document: '/r/$n/health/documents',
      measured: '/r/$n/health/growth',
    } as const
  )[news.is];
  return (
    <Link className="li" to={to} params={{ n }}>
      {inside}
    </Link>
  );
}

/** One line of each kind: a list of twelve measurements is one piece of news. */
const oneOfEach = (news: readonly News[]): readonly News[] =>
  news.filter(
    (one, at) =>
      one.is === 'letter' || one.is === 'note' || news.findIndex((other) => other.is === one.is) === at,
  );

function New({ view, n }: { view: ChartView; n: string }) {
  const w = useWords(homeWords);
  const shell = useWords(shellWords);
  const now = Date.now() / 1000;
  const { views } = useFamily();
  const news = oneOfEach(newsOf(view, now));
  const others = views.flatMap((other) => {
    if (!other || other.subject.key === view.subject.key) return [];
    const count = oneOfEach(newsOf(other, now)).length;
    return count > 0 ? [{ subject: other.subject, count }] : [];
  });
  if (news.length === 0 && others.length === 0) return null;
  const title = isOwn(view.subject) ? w.newForYou : w.newFor(view.subject.given ?? shell.noName);
  return (
    <Panel title={news.length > 0 ? title : w.also} flush>
      <div className="lines">
        {news.slice(0, newsShown).map((one) => (
          <NewsLine key={one.id} news={one} n={n} />
        ))}
        {others.length > 0 ? (
          <p className="li small ink2 wrap">
            {news.length > 0 ? <span>{w.also}:</span> : null}
            {others.map(({ subject, count }) => (
              <Link key={subject.key} className="lnk" to="/r/$n" params={{ n: String(subject.n) }}>
                {w.alsoOne(subject.given ?? shell.noName, count)}
              </Link>
            ))}
          </p>
        ) : null}
      </div>
    </Panel>
  );
}

function ComingUp() {
  const w = useWords(homeWords);
  const { views } = useFamily();
  const now = Date.now() / 1000;
  const all = views
    .flatMap((view) => (view ? toCome(appointments(view), now).map((one) => ({ view, one })) : []))
    .sort((a, b) => a.one.start - b.one.start);
  return all.length === 0 ? null : (
    <Panel title={w.comingUp} flush>
      <ul className="lines">
        {all.slice(0, 4).map((of) => (
          <AppointmentLine key={of.one.id} of={of} state={false} />
        ))}
      </ul>
    </Panel>
  );
}

function Aside({ own }: { own: boolean }) {
  const w = useWords(homeWords);
  const when = useWhen();
  const now = useSnapshot();
  return (
    <aside className="stack">
      <ComingUp />
      <Panel flush>
        <a className="li" href={own ? 'tel:988' : 'tel:911'}>
          <IconPhone size={24} stroke={1.6} className={own ? 'stop' : 'tint'} aria-hidden />
          <span className="grow">
            <span className="ti block">{own ? w.crisis : w.emergency}</span>
            <span className="small ink2">{own ? w.crisisSub : w.emergencySub}</span>
          </span>
        </a>
      </Panel>
      {now ? (
        <p className="cap row top savedline">
          <IconDownload size={16} aria-hidden />
          {now.keeps && now.heard !== null ? w.saved(when.said(now.heard)) : w.notSaved}
        </p>
      ) : null}
    </aside>
  );
}

/** The teenager or adult of the record is greeted; to a guardian the switcher has said whose it is. */
function Heading({ subject }: { subject: Subject }) {
  const w = useWords(homeWords);
  const shell = useWords(shellWords);
  const name = subject.given ?? shell.noName;
  const age = ageOf(subject, Date.now() / 1000);
  if (!isOwn(subject))
    return (
      <h1 tabIndex={-1} className="sr">
        {w.heading(name)}
      </h1>
    );
  return (
    <div className="row top headrow">
      <Spine who={subject} />
      <div>
        <h1 tabIndex={-1}>{w.hello(name)}</h1>
        <p className="small ink2">{age !== null && age.years >= adultFrom ? w.adultSay : w.ownSay}</p>
      </div>
    </div>
  );
}

export function Home() {
  const w = useWords(homeWords);
  const shell = useWords(shellWords);
  const { n = '1' } = useParams({ strict: false });
  const name = useSubject()?.given ?? shell.noName;
  return (
    <RecordPage title={w.title} heading={w.heading(name)} hide>
      {(view) => {
        const own = isOwn(view.subject);
        const age = ageOf(view.subject, Date.now() / 1000);
        const adult = age !== null && age.years >= adultFrom;
        return (
          <>
            <Heading subject={view.subject} />
            <div className="two">
              <div className="stack">
                {own && !adult ? <WhoSees view={view} /> : null}
                <Next view={view} />
                <New view={view} n={n} />
                <Tiles view={view} n={n} />
                <CompletenessLine view={view} n={n} />
              </div>
              <Aside own={own} />
            </div>
          </>
        );
      }}
    </RecordPage>
  );
}
