/** Note: the title is the fact, the text is cause and consequence, actions stand inside. At most two in a column. */
import type { Icon } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { type Tone, toneIcon } from './tag.tsx';

export interface NoteProps {
  readonly tone: Tone;
  readonly icon?: Icon;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  /** `status` for what changed while the page was open, `alert` for what stops the person. */
  readonly role?: 'status' | 'alert';
}

export function Note({ tone, icon, title, children, actions, role }: NoteProps) {
  const Mark = icon ?? toneIcon[tone];
  return (
    <div className={`note tone-${tone}`} role={role}>
      <Mark size={22} stroke={2} aria-hidden />
      <div className="tx">
        <p className="b">{title}</p>
        {children ? <div className="small ink2 sub">{children}</div> : null}
        {actions ? <div className="row wrap acts">{actions}</div> : null}
      </div>
    </div>
  );
}
