/** Empty: a sentence that names who can fill it and when. One action at most, no picture. */
import { type Icon, IconMinus } from '@tabler/icons-react';
import type { ReactNode } from 'react';

export interface EmptyProps {
  readonly icon?: Icon;
  /** `due` where the gap itself matters, as in "nobody has asked yet"; `good` for "none known". */
  readonly tone?: 'plain' | 'due' | 'good';
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

export function Empty({ icon: Mark = IconMinus, tone = 'plain', title, children, action }: EmptyProps) {
  return (
    <section className="panel">
      <div className="li empty">
        <Mark size={22} stroke={1.8} className={`mk-${tone}`} aria-hidden />
        <div className="grow">
          <p className="ti">{title}</p>
          {children ? <div className="small ink2">{children}</div> : null}
          {action ? <div className="acts">{action}</div> : null}
        </div>
      </div>
    </section>
  );
}
