import { requiredContext } from '../required-context.ts';
import type { MetricsApi } from './client.ts';

/** The API of the plugin instance that rendered a component. */
export const [ApiContext, useApi] = requiredContext<MetricsApi>();
