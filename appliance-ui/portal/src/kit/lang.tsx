/** The language of the page, known before anybody has signed in. */
import type { Dict, Lang, Words, WordTree } from '@relaybox/lib/i18n/dict';
import { createContext, useContext } from 'react';
import { kitWords } from '../words/kit.ts';

interface Speaking {
  readonly lang: Lang;
  /** The reader is a young patient: Spanish says tú. */
  readonly young: boolean;
  readonly setLang: (to: Lang) => void;
}

export const LangContext = createContext<Speaking>({ lang: 'en', young: false, setLang: () => {} });

export const useLang = (): Lang => useContext(LangContext).lang;
export const useYoung = (): boolean => useContext(LangContext).young;

export function useWords<T extends WordTree>(words: Dict<T>): Words<T> {
  const { lang, young } = useContext(LangContext);
  return lang === 'es' && young ? words.tu : words[lang];
}

export function LangSwitch() {
  const { lang, setLang } = useContext(LangContext);
  const w = useWords(kitWords);
  return (
    <fieldset className="seg" aria-label={w.language}>
      <button type="button" aria-pressed={lang === 'en'} lang="en" onClick={() => setLang('en')}>
        EN<span className="sr"> English</span>
      </button>
      <button type="button" aria-pressed={lang === 'es'} lang="es" onClick={() => setLang('es')}>
        ES<span className="sr"> Español</span>
      </button>
    </fieldset>
  );
}
