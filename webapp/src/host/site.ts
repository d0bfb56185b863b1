/** Path of the plugin's routes on the site that shows this page. */
export function pluginPath(pluginId: string): string {
  return `${sitePrefix()}/plugins/${pluginId}`;
}

/**
 * A link of the API that stays inside the site, or null: what the API says is never trusted to be a
 * path, so that no answer can turn into a script or a foreign address.
 */
export function consoleLink(link: string | undefined): string | null {
  if (link === undefined || !/^\/[\w-]/.test(link)) {
    return null;
  }
  return sitePrefix() + link;
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

function sitePrefix(): string {
  return window.basename ?? '';
}

/** Where plugins are enabled and disabled. */
export function pluginPageLink(): string {
  return `${sitePrefix()}/admin_console/plugins/plugin_management`;
}

/** Where the server's own metrics listener is turned on. */
export function performancePageLink(): string {
  return `${sitePrefix()}/admin_console/environment/performance_monitoring`;
}
