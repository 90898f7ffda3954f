/** Panel: surface and one line. A list panel is flush, its rows divided by lines, the whole row is the link. */
import { type ReactNode, useId } from 'react';

export interface PanelProps {
  readonly title?: ReactNode;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly flush?: boolean;
  /** On a phone, from edge to edge. */
  readonly bleed?: boolean;
  readonly level?: 2 | 3;
}

export function Panel({ title, aside, children, flush, bleed, level = 2 }: PanelProps) {
  const id = useId();
  const Heading = level === 2 ? 'h2' : 'h3';
  return (
    <section className={bleed ? 'panel bleed' : 'panel'} aria-labelledby={title ? id : undefined}>
      {title ? (
        <div className="hd">
          <Heading id={id}>{title}</Heading>
          {aside ? <div className="end row">{aside}</div> : null}
        </div>
      ) : null}
      {flush ? children : <div className={title ? 'bd' : 'bd alone'}>{children}</div>}
    </section>
  );
}
