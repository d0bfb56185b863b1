import type { SocketMessage } from './registry.ts';

/** The web client waits so long, and longer after further failures, before it connects again. */
const reconnectMs = 3_000;

export interface SocketListener {
  onOpen: () => void;
  onClose: () => void;
  onMessage: (message: SocketMessage) => void;
}

/** Keeps a socket to the site open for as long as the page lives, as the web client does. */
export function followSocket(basename: string, listener: SocketListener): void {
  const socket = new WebSocket(`${basename}/api/v4/websocket`);
  socket.onopen = listener.onOpen;
  socket.onmessage = ({ data }: MessageEvent<string>) => {
    listener.onMessage(JSON.parse(data) as SocketMessage);
  };
  socket.onclose = () => {
    listener.onClose();
    setTimeout(() => {
      followSocket(basename, listener);
    }, reconnectMs);
  };
}
