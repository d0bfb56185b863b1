import { afterEach, beforeEach } from '@jest/globals';
import { startExporter, type Exporter } from '../host/exporter.ts';
import { PluginRun } from './plugin-fixture.ts';

/** For each test of a file a plugin that collects from one exporter, whose target is up. */
export function collectingRun(): () => PluginRun {
  let exporter: Exporter;
  let run: PluginRun;

  beforeEach(async () => {
    exporter = await startExporter({ profile: 'idle' });
    run = await PluginRun.create({ port: exporter.port });
    await run.activate();
    await run.target('prometheus', ({ state }) => state === 'up');
  });

  afterEach(async () => {
    await run.close();
    await exporter.close();
  });

  return () => run;
}
