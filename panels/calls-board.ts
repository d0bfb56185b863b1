import type { Board, Panel } from './panel.ts';
import { gaugeByNode, percentilesByNode, rateByNode } from './queries.ts';

/** The same family of the Calls plugin and of RTCD, which serve it under two names. */
function ofBoth(name: string): string {
  return `{__name__=~"mattermost_plugin_calls_${name}|rtcd_${name}",$selector}`;
}

const sessions: Panel[] = [
  {
    id: 'calls-sessions',
    title: 'Sessions in calls',
    help: 'Participants that are connected, by node.',
    unit: 'short',
    windowSeconds: 300,
    queries: [
      {
        expression: `sum by (instance) (${ofBoth('rtc_sessions_total')})`,
        legend: '{{instance}}',
      },
    ],
  },
  {
    id: 'calls-tracks',
    title: 'Media tracks',
    help: 'Audio and video streams, by direction and kind.',
    unit: 'short',
    windowSeconds: 300,
    queries: [
      {
        expression: `sum by (direction, type) (${ofBoth('rtc_rtp_tracks_total')})`,
        legend: '{{direction}} {{type}}',
      },
    ],
  },
  {
    id: 'calls-errors',
    title: 'Errors of calls',
    help: 'Errors within the window, by kind.',
    unit: 'short',
    windowSeconds: 300,
    queries: [
      {
        expression: `sum by (type) (increase(${ofBoth('rtc_errors_total')}[$window]))`,
        legend: '{{type}}',
      },
    ],
  },
];

const plugin: Panel[] = [
  {
    id: 'calls-websockets',
    title: 'Websocket connections of Calls',
    help: 'Clients that have the signalling channel open.',
    unit: 'short',
    windowSeconds: 300,
    queries: gaugeByNode('mattermost_plugin_calls_websocket_connections_total'),
  },
  {
    id: 'calls-events',
    title: 'Websocket events of Calls per second',
    help: 'Signalling messages.',
    unit: 'short',
    windowSeconds: 300,
    queries: rateByNode('mattermost_plugin_calls_websocket_events_total'),
  },
  {
    id: 'calls-handlers',
    title: 'Handler latency of Calls',
    help: 'Time that the plugin takes for requests.',
    unit: 's',
    isLogarithmic: true,
    windowSeconds: 300,
    queries: percentilesByNode('mattermost_plugin_calls_app_handlers_time'),
  },
  {
    id: 'calls-store',
    title: 'Store latency of Calls',
    help: 'Time that the plugin waits for the database.',
    unit: 's',
    isLogarithmic: true,
    windowSeconds: 300,
    queries: percentilesByNode('mattermost_plugin_calls_store_methods_time'),
  },
];

/** Calls and RTCD. */
export const callsBoard: Board = {
  id: 'mattermost-calls',
  title: 'Calls and RTCD',
  jobs: ['calls'],
  nodesMetric: 'up',
  sections: [
    { title: 'Media', panels: sessions },
    { title: 'Plugin', panels: plugin },
  ],
};
