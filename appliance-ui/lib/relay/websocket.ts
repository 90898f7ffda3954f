/** The platform's own WebSocket. */
import type { Dial, Socket } from './link.ts';

export const dialWebSocket: Dial = (url, events) => {
  const socket = new WebSocket(url);
  socket.onopen = () => events.open();
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') events.text(data);
  };
  socket.onclose = () => events.closed();
  const wire: Socket = {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close(),
  };
  return wire;
};
