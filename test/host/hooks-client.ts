import type { ByteStream } from '../../lib/bytes/index.ts';
import {
  asStruct,
  bytesField,
  emptyStruct,
  interfaceField,
  listField,
  stringField,
  struct,
  structField,
  type GobInput,
  type GobStruct,
  type GobValue,
} from '../../lib/gob/index.ts';
import { RpcClient } from '../../lib/netrpc/index.ts';
import type { Clock } from '../../lib/runtime/index.ts';
import { configSchema } from './server-config.ts';
import {
  activateArguments,
  clusterEvent,
  context,
  goStyle,
  serveHttpArguments,
  serveMetricsArguments,
} from './wire.ts';

/** A file of the support packet, by its path in the packet. */
export interface SupportFile {
  filename: string;
  body: Uint8Array;
}

/** The text that a hook returned as its error, if any. */
type HookError = string | undefined;

/** The hooks of one plugin process, as typed calls. */
export class HooksClient {
  readonly #rpc: RpcClient;
  #implemented: ReadonlySet<string> = new Set();

  constructor(stream: ByteStream, clock: Clock) {
    this.#rpc = new RpcClient(stream, { ...goStyle, clock });
  }

  /** Names of the hooks that the plugin listed; the others are never called. */
  get implemented(): ReadonlySet<string> {
    return this.#implemented;
  }

  async fetchImplemented(): Promise<void> {
    const names = await this.#rpc.call('Plugin.Implemented', emptyStruct, {});
    this.#implemented = new Set((names as GobValue[]).map(String));
  }

  async onActivate(apiMuxId: number, driverMuxId: number): Promise<HookError> {
    const ids = { APIMuxId: apiMuxId, DriverMuxId: driverMuxId };
    return errorOf(await this.#rpc.call('Plugin.OnActivate', activateArguments, ids), 'A');
  }

  async onDeactivate(): Promise<HookError> {
    if (!this.#implemented.has('OnDeactivate')) return undefined;
    return errorOf(await this.#rpc.call('Plugin.OnDeactivate', emptyStruct, {}), 'A');
  }

  async onConfigurationChange(): Promise<HookError> {
    if (!this.#implemented.has('OnConfigurationChange')) return undefined;
    return errorOf(await this.#rpc.call('Plugin.OnConfigurationChange', emptyStruct, {}), 'A');
  }

  /**
   * The refusal of the plugin, if any, and whether it is of the server's own kind, which reaches
   * whoever saves. `hasChanged` tells that the plugin sent a configuration back.
   */
  async configurationWillBeSaved(
    configuration: GobInput<typeof configSchema>,
  ): Promise<{ refusal: HookError; isAppError: boolean; hasChanged: boolean }> {
    if (!this.#implemented.has('ConfigurationWillBeSaved')) {
      return { refusal: undefined, isAppError: false, hasChanged: false };
    }
    const reply = asStruct(
      await this.#rpc.call('Plugin.ConfigurationWillBeSaved', willBeSavedArguments, {
        A: configuration,
      }),
    );
    return {
      refusal: errorOf(reply, 'B'),
      isAppError: interfaceField(reply, 'B')?.typeName === appErrorName,
      hasChanged: structField(reply, 'A') !== undefined,
    };
  }

  /** Resolves when the plugin is done with its response writer. */
  async serveHttp(request: GobInput<typeof serveHttpArguments>): Promise<void> {
    await this.#rpc.call('Plugin.ServeHTTP', serveHttpArguments, request);
  }

  /** The same for what comes to the metrics port. */
  async serveMetrics(request: GobInput<typeof serveMetricsArguments>): Promise<void> {
    await this.#rpc.call('Plugin.ServeMetrics', serveMetricsArguments, request);
  }

  async generateSupportData(requestId: string): Promise<SupportFile[]> {
    if (!this.#implemented.has('GenerateSupportData')) return [];
    const reply = asStruct(
      await this.#rpc.call('Plugin.GenerateSupportData', supportArguments, {
        A: { RequestId: requestId },
      }),
    );
    const error = errorOf(reply, 'B');
    if (error !== undefined) throw new Error(error);
    return listField(reply, 'A').map((file) => {
      const fields = asStruct(file);
      return {
        filename: stringField(fields, 'Filename'),
        body: bytesField(fields, 'Body') ?? new Uint8Array(),
      };
    });
  }

  async onPluginClusterEvent(id: string, data: Uint8Array): Promise<void> {
    if (!this.#implemented.has('OnPluginClusterEvent')) return;
    await this.#rpc.call('Plugin.OnPluginClusterEvent', clusterEventArguments, {
      A: {},
      B: { Id: id, Data: data },
    });
  }
}

const willBeSavedArguments = struct('Z_ConfigurationWillBeSavedArgs', { A: configSchema });
const supportArguments = struct('Z_GenerateSupportDataArgs', { A: context });
const clusterEventArguments = struct('Z_OnPluginClusterEventArgs', { A: context, B: clusterEvent });

const appErrorName = '*model.AppError';

function errorOf(reply: GobValue | GobStruct, field: string): HookError {
  const error = interfaceField(asStruct(reply), field);
  if (error === undefined) return undefined;
  if (error.typeName === appErrorName) return stringField(asStruct(error.value), 'Message');
  if (error.typeName !== '*plugin.ErrorString') return `an error of type ${error.typeName}`;
  return stringField(asStruct(error.value), 'Err');
}
