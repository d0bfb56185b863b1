import { createContext, useContext, type Context } from 'react';

/** A context that the plugin fills for all that it renders, and the hook that reads it there. */
export function requiredContext<T extends object>(): [Context<T | null>, () => T] {
  const context = createContext<T | null>(null);
  function useRequired(): T {
    const value = useContext(context);
    if (value === null) {
      throw new Error('rendered outside the plugin');
    }
    return value;
  }
  return [context, useRequired];
}
