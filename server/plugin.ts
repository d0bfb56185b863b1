import type { RequestListener } from 'node:http';
import { inEnglish } from '../api/index.ts';
import { asError, SliceMonitor } from '../lib/runtime/index.ts';
import {
  announcementEventId,
  AuditLog,
  encodeAnnouncement,
  readAnnouncement,
  SettingsAudit,
  type SaveAnnouncement,
} from './audit/index.ts';
import { loadConfiguration, type Configuration } from './configuration.ts';
import { loadProcessFacts, RecentLog } from './diagnostics/index.ts';
import type { Environment } from './environment.ts';
import type { Host, PluginClusterEvent, PluginHooks, SupportFile } from './mattermost/index.ts';
import { MetricsNode } from './node.ts';
import { loadFixedFacts } from './server-facts.ts';
import { refuseChange } from './settings/index.ts';
import { metricsListener, privateMemoryBytes } from './telemetry/index.ts';
import { createApp } from './web/index.ts';

/** How close the longest slice is known unless somebody hunts for it: ten looks a second cost nothing. */
const coarseSliceMs = 100;

/** The hooks of the metrics plugin: translates what the server asks into what the node does. */
export class MetricsPlugin implements PluginHooks {
  readonly #environment: Environment;
  readonly #slices: SliceMonitor;
  #configuration: Configuration | undefined;
  /** Changes of the configuration that the server told, and the newest one that was applied. */
  #toldChanges = 0;
  #appliedChange = 0;
  #node: MetricsNode | undefined;
  #logger: RecentLog | undefined;
  #audit: AuditLog | undefined;
  #settingsAudit: SettingsAudit | undefined;
  #requestListener: RequestListener = (_request, response) => {
    response.writeHead(503).end();
  };

  constructor(environment: Environment) {
    this.#environment = environment;
    const { clock, measureSlices } = environment;
    this.#slices = measureSlices ? new SliceMonitor(clock) : new SliceMonitor(clock, coarseSliceMs);
  }

  readonly metricsListener = metricsListener(
    async () => ({
      pluginVersion: this.#environment.pluginVersion,
      parts: this.#node?.metrics(),
      longestSliceMs: this.#slices.longestMs,
      privateBytes: await privateMemoryBytes(),
    }),
    () => this.#logger,
  );

  get requestListener(): RequestListener {
    return this.#requestListener;
  }

  async onConfigurationChange(host: Host): Promise<void> {
    const change = ++this.#toldChanges;
    const configuration = await loadConfiguration(host.api);
    // What was asked later has been answered: this may be from before.
    if (change < this.#appliedChange) return;
    this.#appliedChange = change;
    const previous = this.#configuration;
    this.#configuration = configuration;
    if (previous !== undefined) this.#settingsAudit?.changed(previous.raw, configuration);
    this.#node?.configure(configuration);
  }

  /** Returns as soon as everything is on its way: a long replay must not hold up the server. */
  async onActivate(host: Host): Promise<void> {
    const { api } = host;
    const logger = new RecentLog(this.#environment.clock, host.logger);
    this.#logger = logger;
    this.#slices.start();
    this.#configuration ??= await loadConfiguration(api);
    const facts = await loadFixedFacts(api);
    const node = new MetricsNode(
      this.#environment,
      { ...host, logger },
      facts,
      this.#configuration,
    );
    this.#node = node;
    const hasPermission = (userId: string, permissionId: string) =>
      api.hasPermissionTo(userId, permissionId);
    const audit = new AuditLog(api, logger);
    this.#audit = audit;
    const settingsAudit = new SettingsAudit({ audit, clock: this.#environment.clock, logger });
    this.#settingsAudit = settingsAudit;
    this.#requestListener = createApp(
      node,
      hasPermission,
      {
        done: (done) => {
          audit.write(done);
        },
        saved: (save) => {
          settingsAudit.announced(save);
          void this.#passOn(save, host);
        },
      },
      logger,
      this.#environment.clock,
    );
    node.start();
    logger.info('Metrics plugin is active', { version: this.#environment.pluginVersion });
  }

  async onDeactivate(): Promise<void> {
    this.#slices.stop();
    if (this.#environment.measureSlices) {
      const longestMs = Math.round(this.#slices.longestMs * 10) / 10;
      this.#logger?.info('Longest main-thread slice', { milliseconds: longestMs });
    }
    await this.#node?.stop();
    this.#settingsAudit?.stop();
    await this.#audit?.flush();
  }

  configurationWillBeSaved(
    ownSettings: Record<string, unknown> | undefined,
  ): Promise<string | undefined> {
    if (ownSettings === undefined) return Promise.resolve(undefined);
    const previous = this.#configuration?.raw ?? {};
    const refusal = refuseChange(previous, ownSettings);
    this.#settingsAudit?.judged(previous, ownSettings, refusal !== undefined);
    this.#node?.noteSave(refusal);
    if (refusal !== undefined) {
      const what = 'A save of the configuration was refused because of a setting of this plugin';
      this.#logger?.warn(what, { code: 'SETTINGS_REFUSED', reason: inEnglish(refusal) });
    }
    // Whoever saves may have changed something else altogether: it says whose setting it is.
    return Promise.resolve(refusal && `Metrics plugin: ${inEnglish(refusal)}`);
  }

  async generateSupportData(): Promise<SupportFile[]> {
    const process = await loadProcessFacts(this.#slices.longestMs);
    const log = this.#logger?.lines() ?? [];
    const files = (await this.#node?.supportFiles({ process, log })) ?? [];
    return files.map(({ name, body }) => ({ filename: name, body }));
  }

  onPluginClusterEvent(event: PluginClusterEvent): Promise<void> {
    if (event.id === announcementEventId) {
      const announcement = readAnnouncement(event.data);
      if (announcement !== undefined) this.#settingsAudit?.announced(announcement);
    } else {
      this.#node?.receive(event);
    }
    return Promise.resolve();
  }

  /** The node that was asked to save may be another one. Never rejects. */
  async #passOn(save: SaveAnnouncement, { api }: Host): Promise<void> {
    if (this.#configuration?.server.cluster.enable !== true) return;
    const event = { id: announcementEventId, data: encodeAnnouncement(save) };
    try {
      await api.publishPluginClusterEvent(event, { sendType: 'reliable', targetId: '' });
    } catch (error) {
      const what = 'The other nodes could not be told who saved settings';
      this.#logger?.info(what, { error: asError(error) });
    }
  }
}
