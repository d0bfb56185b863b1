import type { Board } from './panel.ts';

/** Whether the metrics themselves are whole: look here first when another chart has holes. */
export const collectionBoard: Board = {
  id: 'metrics-collection',
  title: 'Collection of metrics',
  jobs: ['.+'],
  nodesMetric: 'up',
  sections: [
    {
      title: 'Targets',
      panels: [
        {
          id: 'up',
          title: 'Targets that answer',
          help: '1 while a target answers, 0 while it does not. Reasons are in manifest.json under gaps.',
          unit: 'none',
          hasTable: true,
          windowSeconds: 300,
          queries: [{ expression: 'up{$selector}', legend: '{{job}} {{instance}}' }],
        },
        {
          id: 'scrape-duration',
          title: 'Duration of scrapes',
          help: 'Time that a target takes to answer.',
          unit: 's',
          hasTable: true,
          windowSeconds: 300,
          queries: [
            { expression: 'scrape_duration_seconds{$selector}', legend: '{{job}} {{instance}}' },
          ],
        },
        {
          id: 'scraped-samples',
          title: 'Samples per scrape',
          help: 'Series that a target has. A rise without end is a label with ever new values.',
          unit: 'short',
          hasTable: true,
          windowSeconds: 300,
          queries: [
            { expression: 'scrape_samples_scraped{$selector}', legend: '{{job}} {{instance}}' },
          ],
        },
      ],
    },
  ],
};
