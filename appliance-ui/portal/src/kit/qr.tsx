/** A QR code as one JSX path: no markup string, so Trusted Types stay content. Four modules of quiet zone. */
import encodeQR from 'qr';

export function Qr({ text, label }: { text: string; label: string }) {
  const modules = encodeQR(text, 'raw', { border: 4 });
  const d = modules.map((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : '')).join('')).join('');
  return (
    <svg
      className="qrcode"
      viewBox={`0 0 ${modules.length} ${modules.length}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <path d={d} fill="#000" />
    </svg>
  );
}
