import { expect, test } from '@jest/globals';
import { inEnglish } from '../../api/index.ts';
import { adviceFor } from './reasons.ts';
import type { ScrapeTarget } from './target.ts';

const target: ScrapeTarget = {
  ...{ job: 'prometheus', instance: 'app1:8067', host: '10.0.0.1', port: 8067, path: '/metrics' },
  isOptional: false,
};

test.each([
  ['SCRAPE_REFUSED', {}, 'performance_monitoring'],
  ['SCRAPE_HTTP_404', {}, 'about/license'],
  ['SCRAPE_HTTP_500', {}, 'performance_monitoring'],
  ['SCRAPE_TIMEOUT', {}, 'plugin_com.mattermost.mattermost-plugin-metrics'],
  ['SCRAPE_REFUSED', { job: 'node' }, 'plugin_com.mattermost.mattermost-plugin-metrics'],
  ['SCRAPE_HTTP_404', { isForeign: true }, 'plugin-metrics'],
  ['SCRAPE_HTTP_500', { job: 'boards', path: '/plugins/boards/metrics' }, 'plugin_management'],
] as const)('leads to where %s of %o is mended', (code, fields, page) => {
  const { advice, link } = adviceFor(code, { ...target, ...fields });
  expect(inEnglish(advice)).not.toBe('');
  expect(link).toContain(`/admin_console/`);
  expect(link).toContain(page);
});

test('leads nowhere when no page of the console knows the service', () => {
  expect(adviceFor('SCRAPE_REFUSED', { ...target, job: 'calls' }).link).toBeUndefined();
});
