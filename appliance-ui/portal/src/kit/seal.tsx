/** Seal of a verified record: an eight-notched ring. Small, never filled, words beside it. */
import type { ReactNode } from 'react';
import { kitWords } from '../words/kit.ts';
import { useWords } from './lang.tsx';
import { Tag } from './tag.tsx';

export function Seal({ size = 16 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinejoin="round"
      strokeLinecap="round"
      aria-hidden
    >
      <path d="M12 2l2.4 2.1 3.2-.2.9 3 2.7 1.7-1.1 3 1.1 3-2.7 1.7-.9 3-3.2-.2L12 21.6l-2.4-2.5-3.2.2-.9-3-2.7-1.7 1.1-3-1.1-3 2.7-1.7.9-3 3.2.2z" />
      <path d="M8.4 12l2.5 2.5 4.7-5" />
    </svg>
  );
}

/** Beside the signer's name. */
export const Sealed = ({ children }: { children: ReactNode }) => (
  <span className="sealrow">
    <Seal />
    {children}
  </span>
);

export function Genuine() {
  const w = useWords(kitWords);
  return (
    <Tag tone="good" icon={null}>
      <Seal size={14} />
      {w.genuine}
    </Tag>
  );
}
