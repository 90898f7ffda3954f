/** What a counted event changes: between judgement and writing. */
import type { Hex } from '../types.ts';
import type {
  AgentTerms,
  Began,
  ClientTerms,
  DisclosurePlace,
  LinkTerms,
  Registration,
  Roster,
  Target,
} from './facts.ts';
import type { EpochTerms } from './shapes.ts';

/** What a counted event does to the facts. */
export interface Change {
  readonly began: Began;
  /** `seq` and whether it is the chain of all members. */
  readonly sequence: { readonly seq: number; readonly public: boolean } | null;
  readonly act: Act;
}

export type Act =
  | { readonly is: 'roster'; readonly member: Hex; readonly terms: Roster }
  | { readonly is: 'agent'; readonly agent: Hex; readonly terms: AgentTerms }
  | { readonly is: 'link'; readonly root: Hex; readonly guardian: Hex; readonly terms: LinkTerms }
  | { readonly is: 'epoch'; readonly terms: EpochTerms }
  | { readonly is: 'legacy-epoch'; readonly key: Hex; readonly signers: readonly Hex[] }
  | {
      readonly is: 'share';
      readonly author: Hex;
      readonly recipient: Hex;
      readonly ids: readonly Hex[];
      readonly until: number;
    }
  | { readonly is: 'invitation'; readonly author: Hex; readonly hash: Hex; readonly until: number }
  | { readonly is: 'disclosure-end'; readonly entry: Hex; readonly place: DisclosurePlace }
  | { readonly is: 'succession'; readonly practice: Hex; readonly next: Hex }
  | { readonly is: 'suspend'; readonly target: Target; readonly public: boolean; readonly admin: Hex | null }
  | { readonly is: 'lift'; readonly entry: Hex }
  | { readonly is: 'client'; readonly client: string; readonly root: Hex | null; readonly terms: ClientTerms }
  | { readonly is: 'patient'; readonly root: Hex; readonly registration: Registration }
  | { readonly is: 'destruction'; readonly ids: readonly Hex[] };
