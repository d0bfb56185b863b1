import { systemClock } from '../../runtime/index.ts';
import { minPartBytes } from '../limits.ts';
import { RemoteStore } from '../remote/remote-store.ts';
import type { RemoteSurroundings } from '../remote/surroundings.ts';
import { AzureClient } from './azure-client.ts';
import type { AzureSettings } from './azure-settings.ts';

/** Objects in a container of Azure Blob Storage. */
export class AzureStore extends RemoteStore {
  constructor(settings: AzureSettings, surroundings: RemoteSurroundings) {
    const { clock = systemClock, rng, ...network } = surroundings;
    super({
      connect: () => AzureClient.connect(settings, { ...network, nowMs: () => clock.nowMs() }),
      pathPrefix: settings.pathPrefix,
      partBytes: minPartBytes,
      clock,
      ...(rng && { rng }),
    });
  }
}
