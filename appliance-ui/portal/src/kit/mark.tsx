/** The mark of the box, and the shelf of spines: the only illustration of the product. Both are decoration. */
import { spineOf } from './tokens.ts';

export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 26 26" aria-hidden>
      <rect
        x="1.5"
        y="1.5"
        width="23"
        height="23"
        rx="6"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.4"
      />
      <rect x="6.5" y="6.5" width="3.6" height="13" rx="1" fill="currentColor" />
      <rect x="11.4" y="9.5" width="3.6" height="10" rx="1" fill="currentColor" />
      <circle cx="18.4" cy="8.4" r="2.1" fill="currentColor" />
      <rect x="17.5" y="9" width="1.8" height="10.5" rx=".9" fill="currentColor" />
    </svg>
  );
}

export const Logo = () => (
  <span className="logo">
    <Mark />
    <span>Relaybox</span>
  </span>
);

const heights = [
  96, 110, 82, 104, 118, 74, 98, 112, 88, 106, 92, 116, 80, 100, 108, 86, 114, 94, 102, 78, 110, 90, 118, 84,
  104, 96,
];
const letters = 'QMOAWTRKLNESVBJFHCDIPGUYXZ';

const books = (() => {
  let x = 0;
  return Array.from({ length: 84 }, (_, i) => {
    const width = 14 + ((i * 7) % 9);
    const book = {
      x,
      y: 124 - (heights[(i * 11 + 3) % heights.length] ?? 90),
      width,
      upper: spineOf(letters.charAt((i * 7) % 26)),
      lower: spineOf(letters.charAt((i * 5 + 3) % 26)),
    };
    x += width + 1.5;
    return book;
  });
})();

/** Always on the vault surface. */
export function Shelf({ height = 120 }: { height?: number }) {
  return (
    <svg
      className="shelf"
      viewBox="0 0 1640 124"
      height={height}
      preserveAspectRatio="xMidYMax slice"
      aria-hidden
    >
      {books.map((b) => (
        <g key={b.x}>
          <rect className="book" x={b.x} y={b.y} width={b.width} height={124 - b.y} rx="1.5" />
          <rect x={b.x} y={b.y + 10} width={b.width} height="13" fill={b.upper} />
          <rect x={b.x} y={b.y + 24} width={b.width} height="13" fill={b.lower} />
        </g>
      ))}
    </svg>
  );
}
