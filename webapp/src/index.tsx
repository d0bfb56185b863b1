import { MetricsApi } from './api/client.ts';
import { isSocketOpen, listenForChanges } from './host/live-events.ts';
import type { HostPlugin, HostStore, Registry } from './host/registry.ts';
import { csrfToken, pluginPath, sitePath } from './host/site.ts';
import { attachStyle } from './host/style.ts';
import { translationsFor } from './i18n/translations.ts';
import { manifest } from './manifest.ts';
import { consoleParts } from './pages/console.tsx';
import { ChangeFeed } from './polling/change-feed.ts';
import { pageClock } from './polling/page-clock.ts';
import css from './styles/metrics.css';

/**
 * The plugin as the host runs it. Every user loads it, most never see it: nothing is fetched and
 * nothing runs before one of its components is mounted.
 */
class MetricsPlugin implements HostPlugin {
  #undo: (() => void)[] = [];

  initialize(registry: Registry, store: HostStore): void {
    this.uninitialize();
    const feed = new ChangeFeed({
      isConnected: () => isSocketOpen(store),
      monotonicMs: () => pageClock.monotonicMs(),
    });
    this.#undo = [attachStyle(manifest.id, css), followServer(registry, feed)];
    const parts = consoleParts(
      new MetricsApi({
        pluginId: manifest.id,
        pluginPath: () => pluginPath(manifest.id),
        sitePath,
        csrfToken: () => csrfToken(document.cookie),
        fetch: (url, init) => window.fetch(url, init),
      }),
      feed,
    );
    registry.registerTranslations(translationsFor);
    for (const [key, component] of Object.entries(parts)) {
      registry.registerAdminConsoleCustomSetting(key, component, { showTitle: false });
    }
  }

  uninitialize(): void {
    for (const undo of this.#undo) {
      undo();
    }
    this.#undo = [];
  }
}

/** What the server says has changed goes to whoever shows it; what is not known is not for this version. */
function followServer(registry: Registry, feed: ChangeFeed): () => void {
  return listenForChanges(registry, manifest.id, {
    onChange: (what) => {
      if (what === 'dumps' || what === 'status') {
        feed.tell(what);
      }
    },
    onReconnect: () => {
      feed.reconnect();
    },
  });
}

window.registerPlugin(manifest.id, new MetricsPlugin());
