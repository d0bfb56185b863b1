// The script of the page: offers a plugin the globals of the Mattermost web client, loads the built
// plugin and shows it in the console's frame.
import React from 'react';
import * as ReactDOM from 'react-dom';
import * as ReactIntl from 'react-intl';
import { mount } from 'host-mount';
import { Frame } from './frame.tsx';
import { loadPlugin, PluginRegistry, type SocketMessage } from './registry.ts';
import type { PageManifest, PageOptions } from './settings.ts';
import { readForm, SiteApi, withValues } from './site.ts';
import { followSocket } from './socket.ts';

/** What tests ask the page. */
interface ConsoleHost {
  reactVersion: string;
  /** Times the console's form was submitted, and times that would have saved the configuration. */
  submits: number;
  saves: number;
  /** Takes the plugin away as the host does on update or removal. */
  unload: () => void;
  /** Shows and hides the plugin's page, as navigating in the console does. */
  show: () => void;
  hide: () => void;
  /** Opens and closes the socket to the server; a plugin hears of the second opening and later ones. */
  openSocket: () => void;
  closeSocket: () => void;
  /** An event of the plugin's server part arrives. */
  receive: (event: string, data: Record<string, unknown>) => void;
  /** Handlers that plugins have registered with the socket. */
  socketHandlers: () => number;
}

declare global {
  interface Window {
    consoleHost: ConsoleHost;
    registerPlugin: (
      id: string,
      plugin: { initialize: (registry: object, store: object) => void; uninitialize?: () => void },
    ) => void;
  }
}

const root = document.getElementById('root');
if (root === null) {
  throw new Error('the page has no root element');
}
const options = JSON.parse(root.dataset['options'] ?? '') as PageOptions;
const registry = new PluginRegistry(options.locale);
const state = { websocket: { connected: false, lastConnectAt: 0 } };
const store = {
  getState: () => state,
  dispatch: () => undefined,
  subscribe: () => () => undefined,
};
const site = new SiteApi(options.basename);
let unmount: () => void = () => undefined;

Object.assign(window, {
  basename: options.basename,
  React,
  ReactDOM,
  // A copy, so that a test can break a hook of it.
  ReactIntl: { ...ReactIntl },
  Redux: {},
  ReactRedux: {},
  ReactBootstrap: {},
  ReactRouterDom: {},
  PropTypes: {},
});

function show(element: HTMLElement, manifest: PageManifest, environment: string[]): void {
  hide();
  unmount = mount(
    element,
    <ReactIntl.IntlProvider locale={options.locale} messages={registry.messages}>
      <Frame
        manifest={manifest}
        registry={registry}
        isReadOnly={options.isReadOnly}
        environment={environment}
        onSubmit={() => {
          window.consoleHost.submits += 1;
        }}
        onSave={async (form) => {
          window.consoleHost.saves += 1;
          await site.save(manifest.id, readForm(form, manifest));
        }}
      />
    </ReactIntl.IntlProvider>,
  );
}

function hide(): void {
  unmount();
  unmount = () => undefined;
}

function deliver(message: SocketMessage): void {
  registry.socketHandlers.get(message.event)?.(message);
}

/** The host keeps the state of its socket in its store and tells plugins of events. */
function socketCommands(pluginId: string) {
  return {
    openSocket: () => {
      const isAgain = state.websocket.lastConnectAt > 0;
      state.websocket = { connected: true, lastConnectAt: Date.now() };
      if (isAgain) registry.reconnectHandler?.();
    },
    closeSocket: () => {
      state.websocket = { ...state.websocket, connected: false };
    },
    receive: (event: string, data: Record<string, unknown>) => {
      if (state.websocket.connected) deliver({ event: `custom_${pluginId}_${event}`, data });
    },
    socketHandlers: () =>
      registry.socketHandlers.size + (registry.reconnectHandler === null ? 0 : 1),
  };
}

async function start(element: HTMLElement): Promise<void> {
  document.documentElement.classList.toggle('dark', options.isDark);
  const { id } = options.manifest;
  const manifest = withValues(options.manifest, await site.settings(id));
  const environment = await site.environment(id);
  const plugin = await loadPlugin(id, await site.bundleUrl(id));
  plugin.initialize(registry.forPlugin(), store);
  window.consoleHost = {
    reactVersion: React.version,
    submits: 0,
    saves: 0,
    show: () => {
      show(element, manifest, environment);
    },
    hide,
    ...socketCommands(id),
    unload: () => {
      registry.clear();
      show(element, manifest, environment);
      plugin.uninitialize?.();
      document.getElementById(`plugin_${id}`)?.remove();
    },
  };
  show(element, manifest, environment);
  if (options.hasSocket) {
    const { openSocket: onOpen, closeSocket: onClose } = window.consoleHost;
    followSocket(options.basename, { onOpen, onClose, onMessage: deliver });
  }
}

start(root).catch((error: unknown) => {
  root.textContent = String(error);
});
