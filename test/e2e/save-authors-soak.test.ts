// Goal: the audit record of a save names who made it, also when the console asks another node than the one
// that saved. Method: the built plugin on two nodes; one saves, the other is told who it was.
import { expect } from '@jest/globals';
import { eventually } from './console-fixture.ts';
import { pluginId, Site, siteTimeoutMs, soakTest } from './site-fixture.ts';

soakTest(
  'the node that saves hears from another one who it was',
  async () => {
    const site = await Site.start({ nodes: 2 });
    try {
      const [saving, other] = site.hosts;
      const Plugins = {
        [pluginId]: { scrapeintervalseconds: 3, enablenodeexportertargets: false },
      };
      await saving!.saveConfiguration({ PluginSettings: { Plugins } });
      const admin = other!.logIn();
      const answer = await other!.request(pluginId, '/api/v1/settings/saved', admin, {
        method: 'POST',
        body: JSON.stringify({ keys: ['scrapeintervalseconds', 'scrapetimeoutseconds'] }),
      });
      expect(answer.status).toBe(204);
      const changes = () =>
        saving!.auditRecords.filter(({ event }) => event === 'changeMetricsSettings');
      await eventually(() => changes().length > 0);
      expect(changes()).toMatchObject([
        { userId: admin.user.id, parameters: { user: 'announced by System Console' } },
      ]);
      expect(other!.auditRecords).toEqual([]);
    } finally {
      await site.close();
    }
  },
  siteTimeoutMs,
);
