import { createContext, useContext } from 'react';
import type { MetricsApi } from './client.ts';

export const ApiContext = createContext<MetricsApi | null>(null);

/** The API of the plugin instance that rendered this component. */
export function useApi(): MetricsApi {
  const api = useContext(ApiContext);
  if (api === null) {
    throw new Error('rendered outside the plugin');
  }
  return api;
}
