/** Message threads of a chart as letters. Reading only; no words. */
import { at, listAt, textAt } from '@relaybox/lib/protocol/elements';
import { contentVersion, headVersions, type Item, type Thread } from '@relaybox/lib/protocol/fold';
import type { ChartView, Checked } from '@relaybox/lib/session/api';
import { once } from './once.ts';

export interface Letter {
  readonly id: string;
  readonly checked: Checked;
  readonly paragraphs: readonly string[];
  readonly files: number;
  readonly at: number;
}
export interface Letters {
  readonly view: ChartView;
  /** Number of the first letter: the address `/messages/:m`. */
  readonly m: number;
  readonly topic: string | null;
  /** Oldest first. */
  readonly letters: readonly Letter[];
  readonly at: number;
  /** The thread begins before the first letter that is here. */
  readonly headless: boolean;
  readonly confidential: boolean;
}

const paragraphsOf = (text: string): readonly string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

function letterOf(view: ChartView, item: Item): Letter[] {
  const version = contentVersion(item) ?? headVersions(item)[0];
  const checked = version && view.checked.get(version.record.id);
  if (!version || !checked) return [];
  const payload = listAt(version.record.resource, 'payload');
  return [
    {
      id: version.record.id,
      checked,
      paragraphs: payload.flatMap((part) => paragraphsOf(textAt(part, 'contentString') ?? '')),
      files: payload.filter((part) => at(part, 'contentAttachment') !== undefined).length,
      at: checked.received ?? version.record.createdAt,
    },
  ];
}

function threadOf(view: ChartView, thread: Thread): Letters[] {
  const letters = thread.messages.flatMap((item) => letterOf(view, item));
  const first = letters[0];
  const last = letters.at(-1);
  if (!first || !last) return [];
  const topics = thread.messages.map((item) => {
    const resource = (contentVersion(item) ?? headVersions(item)[0])?.record.resource;
    return textAt(resource, 'topic', 'text');
  });
  return [
    {
      view,
      m: first.checked.m,
      topic: topics.find((topic) => topic !== null && topic.trim() !== '') ?? null,
      letters,
      at: last.at,
      headless: !thread.messages.some((item) => item.versions.some(({ record }) => record.id === thread.id)),
      confidential: letters.some((letter) => letter.checked.compartment === 'confidential'),
    },
  ];
}

const threadsOf = once((view) => view.chart.threads.flatMap((thread) => threadOf(view, thread)));

/** Newest first, over all records. */
export const lettersOf = (views: readonly (ChartView | null)[]): readonly Letters[] =>
  views.flatMap((view) => (view ? threadsOf(view) : [])).sort((a, b) => b.at - a.at);
