import type { ComponentType } from 'react';

type AnyComponent = ComponentType<Record<string, unknown>>;

interface PluginInstance {
  initialize: (registry: object, store: object) => void;
  uninitialize?: () => void;
}

/** An event of the socket as the host hands it to a plugin. */
export interface SocketMessage {
  event: string;
  data: Record<string, unknown>;
}

/** What a plugin has registered, as the host keeps it. */
export class PluginRegistry {
  readonly settings = new Map<string, AnyComponent>();
  readonly socketHandlers = new Map<string, (message: SocketMessage) => void>();
  reconnectHandler: (() => void) | null = null;
  messages: Record<string, string> = {};
  readonly #locale: string;

  constructor(locale: string) {
    this.#locale = locale;
  }

  /** The object handed to the plugin; keys are compared in lower case, as the host does. */
  forPlugin(): object {
    return {
      registerAdminConsoleCustomSetting: (key: string, component: AnyComponent) => {
        this.settings.set(key.toLowerCase(), component);
      },
      registerTranslations: (translations: (locale: string) => Record<string, string>) => {
        this.messages = { ...this.messages, ...translations(this.#locale) };
      },
      registerWebSocketEventHandler: (event: string, run: (message: SocketMessage) => void) => {
        this.socketHandlers.set(event, run);
      },
      unregisterWebSocketEventHandler: (event: string) => {
        this.socketHandlers.delete(event);
      },
      registerReconnectHandler: (run: () => void) => {
        this.reconnectHandler = run;
      },
      unregisterReconnectHandler: () => {
        this.reconnectHandler = null;
      },
    };
  }

  clear(): void {
    this.settings.clear();
    this.messages = {};
  }
}

/** Loads a plugin's script as the host does, and answers with what it registered itself as. */
export async function loadPlugin(id: string, url: string): Promise<PluginInstance> {
  const plugins = new Map<string, PluginInstance>();
  window.registerPlugin = (pluginId, plugin) => {
    plugins.set(pluginId, plugin);
  };
  await new Promise<void>((resolve, reject) => {
    const script = document.createElement('script');
    script.id = `plugin_${id}`;
    script.defer = true;
    script.src = url;
    script.onload = () => {
      resolve();
    };
    script.onerror = () => {
      reject(new Error(`the plugin's script ${url} did not load`));
    };
    document.head.append(script);
  });
  const plugin = plugins.get(id);
  if (plugin === undefined) {
    throw new Error(`the plugin's script registered no plugin ${id}`);
  }
  return plugin;
}
