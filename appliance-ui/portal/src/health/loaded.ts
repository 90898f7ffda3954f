/** Tables and code lists as React sees them: loaded once, kept for the session, and a failure is said. */
import { type GrowthTables, loadGrowth } from '@relaybox/lib/clinical/growth';
import { type CvxFile, loadCvx } from '@relaybox/lib/clinical/vaccines';
import { useEffect, useState } from 'react';

export type Loaded<T> =
  | { readonly is: 'loading' }
  | { readonly is: 'failed' }
  | { readonly is: 'ready'; readonly value: T };

function once<T>(load: () => Promise<T>): () => Loaded<T> {
  let kept: Loaded<T> = { is: 'loading' };
  return () => {
    const [state, setState] = useState(kept);
    useEffect(() => {
      if (kept.is === 'ready') {
        setState(kept);
        return;
      }
      let here = true;
      const tell = (next: Loaded<T>) => {
        kept = next;
        if (here) setState(next);
      };
      load().then(
        (value) => tell({ is: 'ready', value }),
        () => tell({ is: 'failed' }),
      );
      return () => {
        here = false;
      };
    }, []);
    return state;
  };
}

export const useGrowthTables: () => Loaded<GrowthTables> = once(loadGrowth);
export const useCvx: () => Loaded<CvxFile> = once(loadCvx);
