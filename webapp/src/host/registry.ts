import type { ComponentType } from 'react';

/** Runs after each attempt of the host to save the page, whatever came of it. The host waits for it. */
export type SaveAction = () => Promise<{ error?: { message?: string } }>;

/** The part that this plugin uses of what the host gives a custom setting. */
export interface CustomSettingProps {
  /** The configuration that the page shows; another object once one has been saved. */
  config?: unknown;
  registerSaveAction?: (action: SaveAction) => void;
  unRegisterSaveAction?: (action: SaveAction) => void;
}

/** The part of the host's plugin registry that this plugin uses. */
export interface Registry {
  registerAdminConsoleCustomSetting: (
    key: string,
    component: ComponentType<CustomSettingProps>,
    options: { showTitle: boolean },
  ) => void;
  registerTranslations: (getTranslations: (locale: string) => Record<string, string>) => void;
  /** Events of this plugin's server part: `custom_<plugin id>_<event>`. */
  registerWebSocketEventHandler?: (event: string, run: (message: HostMessage) => void) => void;
  unregisterWebSocketEventHandler?: (event: string) => void;
  /** Called when the host's socket is open again; one handler for each plugin. */
  registerReconnectHandler?: (run: () => void) => void;
  unregisterReconnectHandler?: () => void;
}

/** An event as the host hands it on. */
export interface HostMessage {
  data?: Record<string, unknown>;
}

/** The part of the host's Redux store that this plugin reads. */
export interface HostStore {
  getState: () => { websocket?: { connected?: boolean } } | undefined;
}

/** A plugin as the host knows it. */
export interface HostPlugin {
  initialize: (registry: Registry, store: HostStore) => void;
  uninitialize: () => void;
}

declare global {
  interface Window {
    registerPlugin: (id: string, plugin: HostPlugin) => void;
    /** Path the site is served below, without a slash at its end; empty or absent at the root. */
    basename?: string;
  }
}
