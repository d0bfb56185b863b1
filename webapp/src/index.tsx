import { MetricsApi } from './api/client.ts';
import type { HostPlugin, Registry } from './host/registry.ts';
import { csrfToken, pluginPath, sitePath } from './host/site.ts';
import { attachStyle } from './host/style.ts';
import { translationsFor } from './i18n/translations.ts';
import { manifest } from './manifest.ts';
import { consoleParts } from './pages/console.tsx';
import css from './styles/metrics.css';

/**
 * The plugin as the host runs it. Every user loads it, most never see it: nothing is fetched and
 * nothing runs before one of its components is mounted.
 */
class MetricsPlugin implements HostPlugin {
  #removeStyle: (() => void) | null = null;

  initialize(registry: Registry): void {
    this.uninitialize();
    this.#removeStyle = attachStyle(manifest.id, css);
    const parts = consoleParts(
      new MetricsApi({
        pluginPath: () => pluginPath(manifest.id),
        sitePath,
        csrfToken: () => csrfToken(document.cookie),
        fetch: (url, init) => window.fetch(url, init),
      }),
    );
    registry.registerTranslations(translationsFor);
    if (typeof registry.registerAdminConsoleCustomSection === 'function') {
      registry.registerAdminConsoleCustomSection('Metrics', parts.section);
      return;
    }
    registry.registerAdminConsoleCustomSetting('Stats', parts.overview, { showTitle: false });
    registry.registerAdminConsoleCustomSetting('Dumps', parts.dumps, { showTitle: false });
  }

  uninitialize(): void {
    this.#removeStyle?.();
    this.#removeStyle = null;
  }
}

window.registerPlugin(manifest.id, new MetricsPlugin());
