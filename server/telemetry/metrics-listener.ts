import type { RequestListener } from 'node:http';
import { asError, type Logger } from '../../lib/runtime/index.ts';
import { renderSelfMetrics, type SelfMetricsSources } from './self-metrics.ts';

/** Answers whoever reaches the server's metrics port; nothing here is about users or settings. */
export function metricsListener(
  sources: () => Promise<SelfMetricsSources>,
  logger: () => Logger | undefined,
): RequestListener {
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    sources().then(
      (known) => {
        response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
        response.end(renderSelfMetrics(known));
      },
      (error: unknown) => {
        logger()?.error('The own metrics could not be told', {
          code: 'SELF_METRICS_FAILED',
          error: asError(error),
        });
        response.writeHead(500).end();
      },
    );
  };
}
