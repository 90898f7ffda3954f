/**
 * A chart goes from worker to page as a copy, and copying a long one holds up the page. A view whose records the page
 * has already is told without them; the page's side puts both together, so that pages see whole views only.
 */
import type { ChartView } from './api.ts';
import type { AboutChart, ToPage } from './messages.ts';

/** What the watcher `id`, who was sent `before` last, is sent now. */
export function chartNews(id: number, before: ChartView | undefined, view: ChartView): ToPage {
  const { chart, checked, apart, ...about } = view;
  const same = before?.chart === chart && before.checked === checked && before.apart === apart;
  return same ? { is: 'chart-again', id, about } : { is: 'chart', id, view };
}

/** The view that a message gives to whoever saw `last`; null when it gives none. */
export function chartSeen(last: ChartView | null, message: ToPage): ChartView | null {
  if (message.is === 'chart') return message.view;
  const again = message.is === 'chart-again' && last !== null;
  return again ? withNews(last, message.about) : null;
}

const withNews = ({ chart, checked, apart }: ChartView, about: AboutChart): ChartView => ({
  chart,
  checked,
  apart,
  ...about,
});
