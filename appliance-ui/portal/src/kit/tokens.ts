/**
 * Relaybox design tokens: the one place where a colour, size or time is written down.
 *
 * What it is: light and dark roles, type, space, shape, motion, the spine palette, and the
 * Mantine theme built from them. What it is not: component styles. Components read the
 * `--rb-*` variables; nobody writes a hex value outside this file.
 *
 * Invariants
 *  - Colour never carries a meaning alone: each tone below has an icon and a word.
 *  - Body text is at least 7:1 on its own ground, secondary text at least 4.5:1,
 *    a control's edge at least 3:1 (tools/contrast checks this table).
 *  - `vault*` roles appear only where a hardware key is asked for, or where keys were dropped.
 */
import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from '@mantine/core';

export const spruce: MantineColorsTuple = [
  '#eaf3ef',
  '#d3e6de',
  '#a9cfc2',
  '#7db8a6',
  '#4f9a86',
  '#2f7d6b',
  '#1f6757',
  '#145346',
  '#0e4238',
  '#0a312a',
];

type Roles = Record<
  | 'paper'
  | 'surface'
  | 'sunken'
  | 'line'
  | 'edge'
  | 'ink'
  | 'ink2'
  | 'ink3'
  | 'link'
  | 'focus'
  | 'act'
  | 'actInk'
  | 'actSoft'
  | 'good'
  | 'goodBg'
  | 'goodLine'
  | 'due'
  | 'dueBg'
  | 'dueLine'
  | 'stop'
  | 'stopBg'
  | 'stopLine'
  | 'wait'
  | 'waitBg'
  | 'waitLine'
  | 'priv'
  | 'privBg'
  | 'privLine'
  | 'vault'
  | 'vaultUp'
  | 'vaultLine'
  | 'vaultInk'
  | 'vaultInk2'
  | 'brass'
  | 'brassInk'
  | 'band1'
  | 'band2'
  | 'curve'
  | 'median'
  | 'dot'
  | 'book'
  | 'bookEdge',
  string
>;

/** Roles, not hues: `due` is "needs someone soon", whatever colour that is this year. */
export const light: Roles = {
  paper: '#f3f6f3',
  surface: '#ffffff',
  sunken: '#e8ede9',
  line: '#d3dbd5',
  edge: '#74837d',
  ink: '#13201d',
  ink2: '#3f4f4a',
  ink3: '#54645e',
  link: '#145346',
  focus: '#b3530a',
  act: '#145346',
  actInk: '#ffffff',
  actSoft: '#e3efea',
  good: '#145346',
  goodBg: '#e3efea',
  goodLine: '#2f7d6b',
  due: '#704300',
  dueBg: '#fcf1da',
  dueLine: '#b3780f',
  stop: '#9a2311',
  stopBg: '#fdebe7',
  stopLine: '#c63c24',
  wait: '#1d4b72',
  waitBg: '#e6eff7',
  waitLine: '#3f76a3',
  priv: '#533a80',
  privBg: '#f0ebf8',
  privLine: '#7a5fa8',
  vault: '#0c2a25',
  vaultUp: '#12362f',
  vaultLine: '#6f948a',
  vaultInk: '#f0f6f3',
  vaultInk2: '#b5cbc3',
  brass: '#e9bf63',
  brassInk: '#241a02',
  band1: '#eef4f1',
  band2: '#dcebe4',
  curve: '#8fb3a7',
  median: '#2f7d6b',
  dot: '#13201d',
  book: '#dfe8e2',
  bookEdge: '#b9cac1',
};

export const dark: Roles = {
  paper: '#0e1614',
  surface: '#151f1c',
  sunken: '#0a110f',
  line: '#2b3935',
  edge: '#7f918b',
  ink: '#e8efec',
  ink2: '#b9c7c2',
  ink3: '#9aaaa4',
  link: '#94d3c1',
  focus: '#ffb366',
  act: '#7db8a6',
  actInk: '#06201a',
  actSoft: '#1a2f2a',
  good: '#94d3c1',
  goodBg: '#172b26',
  goodLine: '#4f9a86',
  due: '#f2c879',
  dueBg: '#2c2312',
  dueLine: '#a87c2b',
  stop: '#ffaa99',
  stopBg: '#351b16',
  stopLine: '#d2634e',
  wait: '#a3cdee',
  waitBg: '#15283a',
  waitLine: '#4d86b3',
  priv: '#cfbdf2',
  privBg: '#271f3a',
  privLine: '#8e74c0',
  vault: '#07130f',
  vaultUp: '#0d211c',
  vaultLine: '#6f948a',
  vaultInk: '#f0f6f3',
  vaultInk2: '#b5cbc3',
  brass: '#e9bf63',
  brassInk: '#241a02',
  band1: '#182522',
  band2: '#1f332d',
  curve: '#4a6b61',
  median: '#7db8a6',
  dot: '#f4f8f6',
  book: '#dfe8e2',
  bookEdge: '#b9cac1',
};

/**
 * The spine: end-tab colours of a paper chart. Chosen by letter, so a family shares its first
 * tab and twins carry A and B. White letters stand on all of them at 5.5:1 or better.
 * None of them is a clinical tone; the letters carry the meaning.
 */
export const spine = [
  '#6d3b6e',
  '#2e4e8c',
  '#0e6070',
  '#4d611f',
  '#7b4a2c',
  '#98385f',
  '#47566b',
  '#54459b',
] as const;
export const spineOf = (letter: string): string =>
  spine[letter.toUpperCase().charCodeAt(0) % spine.length] ?? spine[6];

/** 8-pt grid; 4 exists only inside a control. */
export const space = { x1: 4, x2: 8, x3: 12, x4: 16, x5: 24, x6: 32, x7: 48, x8: 64 } as const;

/** rem at 16 px. `read` sizes are for people's words (serif), the rest for the box's words. */
export const type = {
  cap: ['0.8125rem', 1.4],
  small: ['0.875rem', 1.45],
  body: ['1rem', 1.5],
  lead: ['1.125rem', 1.45],
  h3: ['1.125rem', 1.3],
  h2: ['1.375rem', 1.25],
  h1: ['1.75rem', 1.15],
  num: ['2.5rem', 1],
  read: ['1.0625rem', 1.6],
} as const;

export const radius = { control: 8, card: 12, sheet: 20, tab: 3 } as const;
/** Only what floats has a shadow. Cards have lines. */
export const shadow = {
  float: '0 2px 6px rgb(10 30 25 / .12), 0 12px 32px rgb(10 30 25 / .18)',
  floatDark: '0 2px 6px rgb(0 0 0 / .5), 0 12px 32px rgb(0 0 0 / .6)',
} as const;
export const motion = { quick: 120, usual: 180, sheet: 240, ease: 'cubic-bezier(.2,0,.2,1)' } as const;
export const density = {
  portal: { target: 48, row: 64, body: 16 },
  admin: { target: 44, row: 56, body: 16 },
  desk: { target: 32, row: 36, body: 14 },
  deskRoomy: { target: 40, row: 44, body: 15 },
} as const;

export const fonts = {
  /** The box's words: labels, numbers, buttons. Tells I, l, 1, O and 0 apart. */
  sans: "'Atkinson Hyperlegible Next Variable', 'Segoe UI', system-ui, sans-serif",
  /** People's words: notes, messages, explanations. */
  read: "'Literata Variable', Georgia, 'Times New Roman', serif",
  /** Things read aloud or compared by eye: lots, short keys, codes. */
  mono: "'Atkinson Hyperlegible Mono Variable', ui-monospace, Menlo, Consolas, monospace",
} as const;

const vars = (roles: Roles): Record<string, string> =>
  Object.fromEntries(Object.entries(roles).map(([k, v]) => [`--rb-${k}`, v]));

export const resolver: CSSVariablesResolver = () => {
  const bridge = (r: Roles) => ({
    ...vars(r),
    '--mantine-color-body': r.surface,
    '--mantine-color-text': r.ink,
    '--mantine-color-dimmed': r.ink3,
    '--mantine-color-placeholder': r.ink3,
    '--mantine-color-default': r.surface,
    '--mantine-color-default-border': r.edge,
    '--mantine-color-default-color': r.ink,
    '--mantine-color-default-hover': r.actSoft,
    '--mantine-color-error': r.stop,
    '--mantine-color-anchor': r.link,
  });
  return {
    variables: { '--rb-read': fonts.read, '--rb-mono': fonts.mono, '--rb-ease': motion.ease },
    light: { ...bridge(light), '--rb-float': shadow.float },
    dark: { ...bridge(dark), '--rb-float': shadow.floatDark },
  };
};

/**
 * Mantine's autoContrast picks the ink for the light shade only (2.26:1 on our dark button), so
 * variants are mapped to roles here and follow the scheme by themselves.
 */
const variants: VariantColorsResolver = (input) => {
  const clear = '1px solid transparent';
  if (input.color && input.color !== 'spruce') return defaultVariantColorsResolver(input);
  if (input.variant === 'filled')
    return {
      background: 'var(--rb-act)',
      hover: 'color-mix(in srgb, var(--rb-act) 88%, var(--rb-ink))',
      color: 'var(--rb-actInk)',
      border: clear,
    };
  if (input.variant === 'subtle')
    return { background: 'transparent', hover: 'var(--rb-actSoft)', color: 'var(--rb-link)', border: clear };
  return defaultVariantColorsResolver(input);
};

/** One theme for three faces; a face passes its own density through `data-face` on the root. */
export const theme = createTheme({
  colors: { spruce },
  primaryColor: 'spruce',
  primaryShade: { light: 7, dark: 3 },
  variantColorResolver: variants,
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: fonts.sans,
  fontFamilyMonospace: fonts.mono,
  defaultRadius: radius.control,
  radius: { xs: '3px', sm: '6px', md: '8px', lg: '12px', xl: '20px' },
  headings: { fontFamily: fonts.sans, fontWeight: '650' },
  focusClassName: 'rb-focus',
  components: {
    Button: { defaultProps: { size: 'md' } },
    Checkbox: { defaultProps: { size: 'md' } },
    Switch: { defaultProps: { size: 'md', withThumbIndicator: false } },
    ActionIcon: { defaultProps: { size: 44, variant: 'subtle' } },
  },
});
