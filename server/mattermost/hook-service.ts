import {
  type GobValue,
  asStruct,
  bytesField,
  interfaceValue,
  intField,
  stringField,
  structField,
} from '../../lib/gob/index.ts';
import type { MuxBroker } from '../../lib/goplugin/index.ts';
import { type RpcCallContext, type RpcHandlers, rpcMethod } from '../../lib/netrpc/index.ts';
import { errorText } from '../../lib/runtime/index.ts';
import { pluginSettings } from './config/index.ts';
import type { PluginHooks, SupportFile } from './hooks.ts';
import type { PluginClusterEvent } from './plugin-api.ts';
import { type HookName, hookReplies } from './schemas.ts';

/** What stands behind the hooks: the same calls, without their wire form. */
export interface HookTarget {
  /** Which hooks there is something behind; the server asks once, before it activates. */
  implemented(): Promise<ReadonlySet<keyof PluginHooks>>;
  /** The two ids are to be dialled within five seconds; 0 is none. */
  activate(broker: MuxBroker, apiId: number, driverId: number): Promise<void>;
  deactivate(): Promise<void>;
  configurationChanged(): Promise<void>;
  configurationWillBeSaved(
    ownSettings: Record<string, unknown> | undefined,
  ): Promise<string | undefined>;
  serveHttp(argument: GobValue, context: RpcCallContext): Promise<void>;
  serveMetrics(argument: GobValue, context: RpcCallContext): Promise<void>;
  generateSupportData(): Promise<SupportFile[]>;
  clusterEvent(event: PluginClusterEvent): Promise<void>;
}

/** Wire names of the hooks, with ours. */
const hookNames: readonly (readonly [Exclude<HookName, 'Implemented'>, keyof PluginHooks])[] = [
  ['OnActivate', 'onActivate'],
  ['OnDeactivate', 'onDeactivate'],
  ['OnConfigurationChange', 'onConfigurationChange'],
  ['ConfigurationWillBeSaved', 'configurationWillBeSaved'],
  ['ServeHTTP', 'requestListener'],
  ['ServeMetrics', 'metricsListener'],
  ['GenerateSupportData', 'generateSupportData'],
  ['OnPluginClusterEvent', 'onPluginClusterEvent'],
];

/** The service `Plugin`; of its hooks the server calls those that are implemented. */
export function hookService(target: HookTarget, broker: MuxBroker, pluginId: string): RpcHandlers {
  const hooks: Record<Exclude<HookName, 'Implemented'>, RpcHandlers[string]> = {
    OnActivate: rpcMethod(hookReplies.OnActivate, async (argument) => {
      const fields = asStruct(argument);
      const [api, driver] = [intField(fields, 'APIMuxId'), intField(fields, 'DriverMuxId')];
      return { A: await errorOf(target.activate(broker, api, driver)) };
    }),
    OnDeactivate: rpcMethod(hookReplies.OnDeactivate, async () => ({
      A: await errorOf(target.deactivate()),
    })),
    OnConfigurationChange: rpcMethod(hookReplies.OnConfigurationChange, async () => ({
      A: await errorOf(target.configurationChanged()),
    })),
    ConfigurationWillBeSaved: rpcMethod(hookReplies.ConfigurationWillBeSaved, async (argument) => {
      const config = structField(asStruct(argument), 'A');
      const own = config === undefined ? undefined : pluginSettings(config, pluginId);
      const reason = await target.configurationWillBeSaved(own);
      return { B: reason === undefined ? undefined : refusalValue(reason, pluginId) };
    }),
    ServeHTTP: rpcMethod(hookReplies.ServeHTTP, async (argument, context) => {
      await target.serveHttp(argument, context);
      return {};
    }),
    ServeMetrics: rpcMethod(hookReplies.ServeMetrics, async (argument, context) => {
      await target.serveMetrics(argument, context);
      return {};
    }),
    GenerateSupportData: rpcMethod(hookReplies.GenerateSupportData, async () => {
      try {
        const files = await target.generateSupportData();
        return { A: files.map(({ filename, body }) => ({ Filename: filename, Body: body })) };
      } catch (error) {
        return { B: errorValue(errorText(error)) };
      }
    }),
    OnPluginClusterEvent: rpcMethod(hookReplies.OnPluginClusterEvent, async (argument) => {
      const event = structField(asStruct(argument), 'B');
      if (event !== undefined) {
        const data = bytesField(event, 'Data') ?? new Uint8Array(0);
        await target.clusterEvent({ id: stringField(event, 'Id'), data });
      }
      return {};
    }),
  };
  const implemented = rpcMethod(hookReplies.Implemented, async () => {
    const own = await target.implemented();
    return hookNames.filter(([, name]) => own.has(name)).map(([wireName]) => wireName);
  });
  const entries = Object.entries({ Implemented: implemented, ...hooks });
  return Object.fromEntries(entries.map(([name, method]) => [`Plugin.${name}`, method]));
}

/** The error that `work` fails with, as the server takes it; undefined for none. */
async function errorOf(work: Promise<void>) {
  try {
    await work;
    return undefined;
  } catch (error) {
    return errorValue(errorText(error));
  }
}

function errorValue(text: string) {
  // An empty text would read as no error at all in the server's log.
  return interfaceValue('*plugin.ErrorString', { Code: 0, Err: text || 'unknown error' });
}

/**
 * Of any other error the server tells whoever saves only that some plugin refused; its own kind it
 * passes on. Without `SkipTranslation` it would look its id up and show that instead of the message.
 */
function refusalValue(reason: string, pluginId: string) {
  return interfaceValue('*model.AppError', {
    Id: `plugin.${pluginId}.configuration_refused`,
    Message: reason,
    StatusCode: 400,
    Where: 'ConfigurationWillBeSaved',
    SkipTranslation: true,
  });
}
