import { basename } from 'node:path';
import { holds, same } from '../conformance/bed.ts';
import { eventually } from '../conformance/checks.ts';
import { RealServer } from './real-server.ts';
import { SiteClient } from './site-client.ts';
import {
  editConfig,
  getStatus,
  passwordLogin,
  patienceMs,
  pluginPath,
  runDeploy,
  signInAdmin,
  type Site,
} from './site.ts';

/** Settings of the server that change what is around the plugin. */
export async function checkPlaces(site: Site): Promise<void> {
  await checkCluster(site);
  await checkSubpath(site);
}

/** High availability is switched on where no licence gives it: the server registers no node. */
async function checkCluster(site: Site): Promise<void> {
  const { checks, bundle } = site;
  await checks.check('a cluster without a licence: the one node collects and says so', async () => {
    await editConfig(site, { ClusterSettings: { Enable: true, ClusterName: 'alone' } });
    await eventually('the node takes the lease in PostgreSQL', patienceMs, async () => {
      const { mode, problems } = await getStatus(site);
      const isTold = problems.some(({ code }) => code === 'DISCOVERY_EMPTY');
      return mode === 'scraper' && isTold ? true : undefined;
    });
  });
  await checks.check('its configuration is read-only, and make deploy upgrades there', async () => {
    const { printed } = await runDeploy(bundle, passwordLogin(site));
    same(printed, `${basename(bundle)} runs on 1 node(s)`, 'printed');
  });
  await checks.check('without the cluster it does both again', async () => {
    await editConfig(site, { ClusterSettings: { Enable: false } });
    await eventually('mode both', patienceMs, async () =>
      (await getStatus(site)).mode === 'both' ? true : undefined,
    );
  });
}

async function checkSubpath(site: Site): Promise<void> {
  const { checks, options, pluginId, bundle } = site;
  const old = { options, admin: site.admin, url: site.server.url };
  await checks.check('all of it works below a sub-path', async () => {
    const subpath = '/chat';
    await editConfig(site, { ServiceSettings: { SiteURL: `${old.url}${subpath}` } });
    await site.server.stop();
    site.options = { ...options, subpath };
    site.server = await RealServer.start(site.options);
    site.admin = await signInAdmin(new SiteClient(site.server.url));
    const status = await eventually('a target is up', patienceMs, async () => {
      const found = await getStatus(site).catch(() => undefined);
      return (found?.targets.up ?? 0) > 0 ? found : undefined;
    });
    same(status.mode, 'both', 'mode');
    const path = `${site.server.metricsUrl}/plugins/${pluginId}/metrics`;
    same((await fetch(path)).status, 200, 'its own metrics');
    const { printed } = await runDeploy(bundle, passwordLogin(site));
    same(printed, `${basename(bundle)} runs on 1 node(s)`, 'printed');
    const anonymous = await new SiteClient(site.server.url).fetch(pluginPath(site, '/status'));
    same(anonymous.status, 401, 'nobody is let in');
  });
  await editConfig(site, { ServiceSettings: { SiteURL: old.url } });
  await site.server.stop();
  site.options = options;
  site.admin = old.admin;
  site.server = await RealServer.start(options);
  holds(site.server.url === old.url, 'not where it was');
}
