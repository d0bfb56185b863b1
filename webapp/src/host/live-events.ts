import type { HostStore, Registry } from './registry.ts';

export interface LiveListener {
  /** `what` is as the server sent it. */
  onChange: (what: unknown) => void;
  /** The host's socket is open again after it was not. */
  onReconnect: () => void;
}

/**
 * Listens to the plugin's one event through the host's socket, where the host offers that. The answer
 * ends it.
 */
export function listenForChanges(
  registry: Registry,
  pluginId: string,
  listener: LiveListener,
): () => void {
  const event = `custom_${pluginId}_changed`;
  registry.registerWebSocketEventHandler?.(event, (message) => {
    listener.onChange(message.data?.['what']);
  });
  registry.registerReconnectHandler?.(listener.onReconnect);
  return () => {
    registry.unregisterWebSocketEventHandler?.(event);
    registry.unregisterReconnectHandler?.();
  };
}

/** Whether the host's socket is open; false when this host does not tell. */
export function isSocketOpen(store: HostStore): boolean {
  return store.getState()?.websocket?.connected === true;
}
