import { expect, test } from '@jest/globals';
import { say } from '../../api/index.ts';
import { targetProblem } from './reasons.ts';
import type { ScrapeTarget } from './target.ts';

const target: ScrapeTarget = {
  ...{ job: 'prometheus', instance: 'app1:8067', host: '10.0.0.1', port: 8067, path: '/metrics' },
  isOptional: false,
};
const problemOf = (code: string, fields: Partial<ScrapeTarget> = {}) =>
  targetProblem({ ...target, ...fields }, { code, sentence: say('scrape.no-answer') });

test('says which target brings nothing, and why', () => {
  expect(problemOf('SCRAPE_REFUSED')).toMatchObject({
    code: 'SCRAPE_REFUSED',
    severity: 'error',
    message:
      'No data from app1:8067 (prometheus, http://10.0.0.1:8067/metrics): The target did not answer.',
  });
});

test.each([
  ['SCRAPE_REFUSED', {}, 'performance_monitoring'],
  ['SCRAPE_HTTP_404', {}, 'about/license'],
  ['SCRAPE_HTTP_500', {}, 'performance_monitoring'],
  ['SCRAPE_TIMEOUT', {}, 'plugin_com.mattermost.mattermost-plugin-metrics'],
  ['SCRAPE_REFUSED', { job: 'node' }, 'plugin_com.mattermost.mattermost-plugin-metrics'],
  ['SCRAPE_HTTP_404', { isForeign: true }, 'plugin-metrics'],
  ['SCRAPE_HTTP_500', { job: 'boards', path: '/plugins/boards/metrics' }, 'plugin_management'],
] as const)('leads to where %s of %o is mended', (code, fields, page) => {
  const { advice, link } = problemOf(code, fields);
  expect(advice).not.toBe('');
  expect(link).toContain(`/admin_console/`);
  expect(link).toContain(page);
});

test('leads nowhere when no page of the console knows the service', () => {
  expect(problemOf('SCRAPE_REFUSED', { job: 'calls' }).link).toBeUndefined();
});
