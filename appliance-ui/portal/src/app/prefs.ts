/**
 * What a person chose about the look of the portal: language, units, light or dark, size of letters. Kept in web
 * storage in clear (it says nothing about a patient); where storage is refused it holds until the page closes.
 */
import { type Lang, langs, preferred } from '@relaybox/lib/i18n/dict';
import { useSyncExternalStore } from 'react';

export const unitSystems = ['us', 'metric'] as const;
export type Units = (typeof unitSystems)[number];
export const schemes = ['auto', 'light', 'dark'] as const;
export type Scheme = (typeof schemes)[number];
/** Root font size in percent. */
export const textSizes = [100, 115, 130] as const;
export type TextSize = (typeof textSizes)[number];

export interface Prefs {
  readonly lang: Lang;
  /** Null: by language (pounds in English, kilograms in Spanish). */
  readonly units: Units | null;
  readonly scheme: Scheme;
  readonly text: TextSize;
}

const key = 'relaybox.prefs';

const oneOf = <T>(all: readonly T[], value: unknown, or: T): T => all.find((one) => one === value) ?? or;

/** What storage holds is input: anything unexpected falls back to its default. */
export function parsePrefs(stored: string | null, languages: readonly string[]): Prefs {
  let raw: Record<string, unknown> = {};
  try {
    const value: unknown = JSON.parse(stored ?? '{}');
    if (typeof value === 'object' && value !== null) raw = value as Record<string, unknown>;
  } catch {
    // Not ours, or cut off: the defaults hold.
  }
  return {
    lang: oneOf(langs, raw.lang, preferred(languages)),
    units: oneOf<Units | null>(unitSystems, raw.units, null),
    scheme: oneOf(schemes, raw.scheme, 'auto'),
    text: oneOf(textSizes, raw.text, 100),
  };
}

const load = (): Prefs => {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(key);
  } catch {
    // Storage refused by the browser.
  }
  return parsePrefs(stored, navigator.languages);
};

let now: Prefs | null = null;
const listeners = new Set<() => void>();
const read = (): Prefs => {
  now ??= load();
  return now;
};

export function setPrefs(change: Partial<Prefs>): void {
  now = { ...read(), ...change };
  try {
    localStorage.setItem(key, JSON.stringify(now));
  } catch {
    // Storage refused or full: the choice holds until the page closes.
  }
  for (const tell of listeners) tell();
}

const subscribe = (tell: () => void) => {
  listeners.add(tell);
  return () => listeners.delete(tell);
};

export const usePrefs = (): Prefs => useSyncExternalStore(subscribe, read);

export function useUnits(): Units {
  const { units, lang } = usePrefs();
  return units ?? (lang === 'es' ? 'metric' : 'us');
}
