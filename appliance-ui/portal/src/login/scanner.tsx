/**
 * Reads a QR code with the camera, only while this is on the page. The browser's own detector where there is one,
 * else our copy of a decoder, fetched then. Pictures stay in memory and are read once.
 */
import { Button } from '@mantine/core';
import { IconCamera, IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useWords } from '../kit/lang.tsx';
import { loginWords } from '../words/login.ts';

type Read = (video: HTMLVideoElement) => Promise<string | null>;

interface Detector {
  detect(source: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>;
}
type DetectorClass = new (options: { formats: string[] }) => Detector;

async function reader(): Promise<Read> {
  const { BarcodeDetector } = globalThis as { BarcodeDetector?: DetectorClass };
  if (BarcodeDetector) {
    const detector = new BarcodeDetector({ formats: ['qr_code'] });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
  }
  const { default: decode } = await import('qr/decode.js');
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return async (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (!context || width === 0) return null;
    canvas.width = width;
    canvas.height = height;
    context.drawImage(video, 0, 0);
    try {
      return decode({ width, height, data: context.getImageData(0, 0, width, height).data });
    } catch {
      // No code in this picture.
      return null;
    }
  };
}

async function watch(
  video: HTMLVideoElement,
  signal: AbortSignal,
  found: (text: string) => void,
): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  if (signal.aborted) return stop();
  signal.addEventListener('abort', stop);
  video.srcObject = stream;
  await video.play();
  const read = await reader();
  while (!signal.aborted) {
    const text = await read(video);
    if (text !== null && !signal.aborted) found(text);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function Camera({ onText, onFailed }: { onText: (text: string) => void; onFailed: () => void }) {
  const w = useWords(loginWords);
  const video = useRef<HTMLVideoElement>(null);
  const take = useRef({ onText, onFailed });
  take.current = { onText, onFailed };
  useEffect(() => {
    const ending = new AbortController();
    const element = video.current;
    if (!element) return;
    watch(element, ending.signal, (text) => take.current.onText(text)).catch(() => {
      if (!ending.signal.aborted) take.current.onFailed();
    });
    return () => ending.abort();
  }, []);
  return (
    <div className="camera">
      <video ref={video} muted playsInline aria-label={w.aim} />
      <p className="small ink2">{w.aim}</p>
    </div>
  );
}

/** `onText` may be called again and again with the same text. */
export function Scanner({ onText }: { onText: (text: string) => void }) {
  const w = useWords(loginWords);
  const [on, setOn] = useState(false);
  const [failed, setFailed] = useState(false);
  const toggle = () => {
    setFailed(false);
    setOn(!on);
  };
  return (
    <div className="stack s">
      <Button
        variant="default"
        size="lg"
        fullWidth
        leftSection={on ? <IconX size={22} aria-hidden /> : <IconCamera size={22} aria-hidden />}
        onClick={toggle}
      >
        {on ? w.stopScan : w.scan}
      </Button>
      {on ? (
        <Camera
          onText={onText}
          onFailed={() => {
            setOn(false);
            setFailed(true);
          }}
        />
      ) : null}
      {failed ? (
        <p className="small stop" role="alert">
          {w.noCamera}
        </p>
      ) : null}
    </div>
  );
}
