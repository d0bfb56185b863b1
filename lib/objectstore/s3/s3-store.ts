import { RemoteStore } from '../remote/remote-store.ts';
import type { RemoteSurroundings } from '../remote/surroundings.ts';
import { S3Client } from './s3-client.ts';
import type { S3Settings } from './s3-settings.ts';

/** Objects in a bucket of Amazon S3 or of a store that speaks its protocol. */
export class S3Store extends RemoteStore {
  constructor(settings: S3Settings, surroundings: RemoteSurroundings) {
    const { clock, rng, ...network } = surroundings;
    super({
      connect: () => S3Client.connect(settings, network),
      pathPrefix: settings.pathPrefix,
      partBytes: settings.partBytes,
      ...(clock && { clock }),
      ...(rng && { rng }),
    });
  }
}
