/** Tag: tone, icon and word, always all three. State: where a thing is; there is no "saved" without a place. */
import {
  type Icon,
  IconAlertTriangle,
  IconBox,
  IconCheck,
  IconClock,
  IconCloudOff,
  IconDeviceMobile,
  IconEyeOff,
  IconFileBroken,
  IconInfoCircle,
  IconLock,
  IconMinus,
  IconShieldX,
  IconUserOff,
  IconX,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { kitWords } from '../words/kit.ts';
import { useWords } from './lang.tsx';

export type Tone = 'good' | 'due' | 'stop' | 'wait' | 'info' | 'priv' | 'plain' | 'line';

export const toneIcon: Readonly<Record<Tone, Icon>> = {
  good: IconCheck,
  due: IconClock,
  stop: IconAlertTriangle,
  wait: IconDeviceMobile,
  info: IconInfoCircle,
  priv: IconEyeOff,
  plain: IconMinus,
  line: IconMinus,
};

export interface TagProps {
  readonly tone: Tone;
  /** Null: the caller draws its own mark among the children. */
  readonly icon?: Icon | null;
  /** At most three words. */
  readonly children: ReactNode;
  /** No ground: the state is settled. */
  readonly bare?: boolean;
}

export function Tag({ tone, icon, children, bare }: TagProps) {
  const Mark = icon === undefined ? toneIcon[tone] : icon;
  return (
    <span className={`tag tone-${tone}${bare ? ' bare' : ''}`}>
      {Mark ? <Mark size={14} stroke={2.25} aria-hidden /> : null}
      {children}
    </span>
  );
}

const states = {
  stored: { tone: 'good', icon: IconBox },
  queued: { tone: 'wait', icon: IconDeviceMobile },
  refused: { tone: 'stop', icon: IconX },
  offline: { tone: 'wait', icon: IconCloudOff },
  unverified: { tone: 'stop', icon: IconShieldX },
  damaged: { tone: 'plain', icon: IconFileBroken },
  ended: { tone: 'plain', icon: IconUserOff },
  confidential: { tone: 'priv', icon: IconLock },
} as const satisfies Record<string, { tone: Tone; icon: Icon }>;

export function State({ is }: { is: keyof typeof states }) {
  const w = useWords(kitWords);
  return (
    <Tag tone={states[is].tone} icon={states[is].icon}>
      {w[is]}
    </Tag>
  );
}
