import { systemClock } from '../../runtime/index.ts';
import { RemoteStore } from '../remote/remote-store.ts';
import type { RemoteSurroundings } from '../remote/surroundings.ts';
import { S3Client, type TracedRequest } from './s3-client.ts';
import type { S3Settings } from './s3-settings.ts';

/** What a bucket takes from its surroundings. */
export interface S3Surroundings extends RemoteSurroundings {
  /** Told of each request with its outcome; never of keys and signatures. It must not throw. */
  onRequest?: (request: TracedRequest) => void;
}

/** Objects in a bucket of Amazon S3 or of a store that speaks its protocol. */
export class S3Store extends RemoteStore {
  constructor(settings: S3Settings, surroundings: S3Surroundings) {
    const { clock = systemClock, rng, onRequest, ...network } = surroundings;
    const trace = onRequest === undefined ? undefined : { clock, onRequest };
    super({
      connect: () => S3Client.connect(settings, { ...network, ...(trace && { trace }) }),
      pathPrefix: settings.pathPrefix,
      partBytes: settings.partBytes,
      clock,
      ...(rng && { rng }),
    });
  }
}
