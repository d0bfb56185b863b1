import type { Panel } from './panel.ts';
import { gaugeByNode } from './queries.ts';

/** What goes to browsers and apps over their open connections. */
export const websocketPanels: Panel[] = [
  {
    id: 'websocket-buffer',
    title: 'Websocket buffer size',
    help: 'Events that wait to be sent to browsers and apps. Should be near 0; a rise that stays means that a node cannot keep up.',
    unit: 'short',
    windowSeconds: 300,
    queries: gaugeByNode('mattermost_websocket_broadcast_buffer_size'),
  },
  {
    id: 'websocket-broadcasts',
    title: 'Websocket broadcasts per second',
    help: 'Events sent to many users at once, by kind. Typing and status changes usually lead.',
    unit: 'short',
    hasTable: true,
    windowSeconds: 300,
    queries: [
      {
        expression:
          'sum by (name) (rate(mattermost_websocket_broadcasts_total{$selector}[$window]))',
        legend: '{{name}}',
      },
    ],
  },
  {
    id: 'websocket-reconnects',
    title: 'Websocket reconnects',
    help: 'Connections that were lost and made again within the window. A peak after a restart is normal.',
    unit: 'short',
    windowSeconds: 600,
    queries: [
      {
        expression:
          'sum by (instance) (increase(mattermost_websocket_reconnects_total{$selector}[$window]))',
        legend: '{{instance}}',
      },
    ],
  },
  {
    id: 'websocket-events',
    title: 'Websocket events per second',
    help: 'Events handled, by kind.',
    unit: 'short',
    hasTable: true,
    windowSeconds: 300,
    queries: [
      {
        expression: 'sum by (type) (rate(mattermost_websocket_event_total{$selector}[$window]))',
        legend: '{{type}}',
      },
    ],
  },
];
