/**
 * The lying relay of `lib/relay/hostile.test-helper.ts` behind a real socket with TLS, for pages in a browser. It
 * speaks as much WebSocket (RFC 6455) as a browser needs, and says by NIP-11 whose practice it claims to be.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { HostileRelay } from '../lib/relay/hostile.test-helper.ts';
import type { Socket } from '../lib/relay/link.ts';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** What the mirror claims in its information document; null: it has none. */
export interface Claim {
  readonly practice: string | null;
  readonly name: string | null;
  /** Seconds by which its clock is ahead. */
  readonly ahead: number;
}

export class Mirror {
  readonly relay = new HostileRelay();
  claim: Claim | null = null;
  /** Nobody answers: every connection is dropped. */
  away = false;
  private readonly server: Server;
  private readonly open = new Set<Duplex>();

  private constructor(server: Server) {
    this.server = server;
  }

  /** Listens on a port of its own, with the certificate of a box's folder. */
  static async start(folder: string): Promise<Mirror> {
    const pem = readFileSync(join(folder, 'gateway', 'tls.pem'), 'utf8');
    const server = createServer({ key: pem, cert: pem });
    const mirror = new Mirror(server);
    server.on('request', (request, response) => mirror.document(request, response));
    server.on('upgrade', (request, socket) => mirror.upgrade(request, socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return mirror;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Loses every connection; new ones are taken as the relay's ways say. */
  cut(): void {
    this.relay.cut();
    for (const socket of this.open) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private document(_: IncomingMessage, response: ServerResponse): void {
    const { claim } = this;
    if (this.away) {
      response.destroy();
      return;
    }
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-expose-headers', 'date');
    if (claim === null) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('date', new Date(Date.now() + claim.ahead * 1_000).toUTCString());
    response.setHeader('content-type', 'application/nostr+json');
    response.end(JSON.stringify({ name: claim.name, relaybox: { practice: claim.practice } }));
  }

  private upgrade(request: IncomingMessage, socket: Duplex): void {
    if (this.away) {
      socket.destroy();
      return;
    }
    const key = `${request.headers['sec-websocket-key']}${MAGIC}`;
    const accept = createHash('sha1').update(key).digest('base64');
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    socket.write(`${[...head, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
    this.open.add(socket);
    const wire: Socket = this.relay.dial('', {
      open: () => {},
      text: (text) => void socket.write(frame(TEXT, Buffer.from(text))),
      closed: () => void socket.end(frame(CLOSE, Buffer.alloc(0))),
    });
    const reader = new Reader((opcode, payload) => {
      if (opcode === TEXT) wire.send(payload.toString('utf8'));
      if (opcode === PING) socket.write(frame(PONG, payload));
      if (opcode === CLOSE) socket.end(frame(CLOSE, Buffer.alloc(0)));
    });
    socket.on('data', (bytes: Buffer) => reader.take(bytes));
    const over = () => {
      this.open.delete(socket);
      wire.close();
    };
    socket.on('close', over).on('error', over);
  }
}

/** A whole frame as a server sends it: not masked, not in parts. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** Puts the masked frames of a browser together. */
class Reader {
  private readonly tell: (opcode: number, payload: Buffer) => void;
  private waiting = Buffer.alloc(0);
  private parts: Buffer[] = [];
  private opcode = 0;

  constructor(tell: (opcode: number, payload: Buffer) => void) {
    this.tell = tell;
  }

  take(bytes: Buffer): void {
    this.waiting = Buffer.concat([this.waiting, bytes]);
    while (this.next());
  }

  /** Takes one frame off what waits; false when it is not whole yet. */
  private next(): boolean {
    const { waiting } = this;
    if (waiting.length < 2) return false;
    const [first = 0, second = 0] = waiting;
    const short = second & 0x7f;
    const at = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (waiting.length < at + 4) return false;
    const length =
      short < 126 ? short : short === 126 ? waiting.readUInt16BE(2) : Number(waiting.readBigUInt64BE(2));
    const end = at + 4 + length;
    if (waiting.length < end) return false;
    const mask = waiting.subarray(at, at + 4);
    const payload = Buffer.from(waiting.subarray(at + 4, end));
    for (let n = 0; n < payload.length; n += 1) payload[n] = (payload[n] ?? 0) ^ (mask[n % 4] ?? 0);
    this.waiting = waiting.subarray(end);
    this.whole((first & 0x80) !== 0, first & 0x0f, payload);
    return true;
  }

  private whole(last: boolean, opcode: number, payload: Buffer): void {
    if (opcode >= CLOSE) {
      this.tell(opcode, payload);
      return;
    }
    if (opcode !== 0) this.opcode = opcode;
    this.parts.push(payload);
    if (!last) return;
    this.tell(this.opcode, Buffer.concat(this.parts.splice(0)));
  }
}
