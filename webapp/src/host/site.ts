import { consolePages } from '../../../api/index.ts';

/** Path of the plugin's routes on the site that shows this page. */
export function pluginPath(pluginId: string): string {
  return `${sitePath()}/plugins/${pluginId}`;
}

/**
 * A link of the API that stays inside the site, or null: what the API says is never trusted to be a
 * path, so that no answer can turn into a script or a foreign address.
 */
export function consoleLink(link: string | undefined): string | null {
  if (link === undefined || !/^\/[\w-]/.test(link)) {
    return null;
  }
  return sitePath() + link;
}

/** The token the host wants back in a header with every request that changes something. */
export function csrfToken(cookies: string): string {
  for (const cookie of cookies.split(';')) {
    const [name, value] = cookie.trim().split('=', 2);
    if (name === 'MMCSRF' && value !== undefined) {
      return value;
    }
  }
  return '';
}

/** Path that the site is served below; empty at the root. */
export function sitePath(): string {
  return window.basename ?? '';
}

/** Where plugins are enabled and disabled. */
export function pluginPageLink(): string {
  return `${sitePath()}/admin_console/plugins/plugin_management`;
}

/** Where the server's own metrics listener is turned on. */
export function performancePageLink(): string {
  return sitePath() + consolePages.performanceMonitoring;
}

/** Where the file store, in which dumps are kept, is set. */
export function fileStorePageLink(): string {
  return sitePath() + consolePages.fileStorage;
}
