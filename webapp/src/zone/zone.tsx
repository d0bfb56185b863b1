import React, { createContext, useContext, useState, type ReactNode } from 'react';

/** The zone that times are shown in: the one of the browser, or that of logs. */
export type Zone = 'browser' | 'utc';

interface ZoneChoice {
  zone: Zone;
  choose: (zone: Zone) => void;
}

const ZoneContext = createContext<ZoneChoice>({ zone: 'browser', choose: () => undefined });

/** Holds the choice for every time below it, as long as the page is open. */
export function ZoneProvider({ children }: { children: ReactNode }) {
  const [zone, choose] = useState<Zone>('browser');
  return <ZoneContext.Provider value={{ zone, choose }}>{children}</ZoneContext.Provider>;
}

export function useZone(): ZoneChoice {
  return useContext(ZoneContext);
}

/** The name that `Intl` knows a zone by; undefined means the browser's. */
export function zoneName(zone: Zone): string | undefined {
  return zone === 'utc' ? 'UTC' : undefined;
}

/** For people: `Europe/Berlin`. */
export function browserZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
