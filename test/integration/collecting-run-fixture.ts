import { afterEach, beforeEach } from '@jest/globals';
import { startExporter, type Exporter } from '../host/exporter.ts';
import { PluginRun } from './plugin-fixture.ts';

/** For each test of a file a plugin that is not active yet, and one exporter for it. */
export function inactiveRun(): () => PluginRun {
  let exporter: Exporter;
  let run: PluginRun;

  beforeEach(async () => {
    exporter = await startExporter({ profile: 'idle' });
    run = await PluginRun.create({ port: exporter.port });
  });

  afterEach(async () => {
    await run.close();
    await exporter.close();
  });

  return () => run;
}

/** As {@link inactiveRun}, active and with the target up. */
export function collectingRun(): () => PluginRun {
  const run = inactiveRun();

  beforeEach(async () => {
    await run().activate();
    await run().target('prometheus', ({ state }) => state === 'up');
  });

  return run;
}
