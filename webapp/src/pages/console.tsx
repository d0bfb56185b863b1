import React, { type ComponentType, type ReactNode } from 'react';
import type { MetricsApi } from '../api/client.ts';
import { ApiContext } from '../api/context.ts';
import { isPageWide } from '../api/failure.ts';
import { ZoneProvider } from '../zone/zone.tsx';
import { FeedContext } from '../polling/feed-context.ts';
import type { ChangeFeed } from '../polling/change-feed.ts';
import { Boundary } from '../components/boundary.tsx';
import type { SectionProps } from '../host/registry.ts';
import { Dumps } from './dumps/dumps.tsx';
import { EnvironmentNotice } from './settings/environment-notice.tsx';
import { RefusedNotice } from './settings/refused-notice.tsx';
import { Overview } from './overview/overview.tsx';
import { useTargets } from './overview/use-targets.ts';
import { useStatus } from './use-status.ts';

/** The components to register, each in its own boundary and bound to one API. */
export interface ConsoleParts {
  /** Everything, for servers that know custom sections. */
  section: ComponentType<SectionProps>;
  /** The same in two parts, for the place of two custom settings. */
  overview: ComponentType;
  dumps: ComponentType;
}

export function consoleParts(api: MetricsApi, feed: ChangeFeed): ConsoleParts {
  const inside = (children: ReactNode) => (
    <Boundary>
      <ApiContext.Provider value={api}>
        <FeedContext.Provider value={feed}>
          <ZoneProvider>{children}</ZoneProvider>
        </FeedContext.Provider>
      </ApiContext.Provider>
    </Boundary>
  );
  return {
    section: ({ settingsList }: SectionProps) =>
      inside(
        <>
          <Everything />
          {settingsList}
        </>,
      ),
    overview: () => inside(<OverviewOnly />),
    dumps: () => inside(<DumpsOnly />),
  };
}

function Everything() {
  const status = useStatus();
  const targets = useTargets();
  // Without any state, and for a reason that stops everything, the reason alone is shown.
  const isPageDown =
    status.value === null && status.error !== null && isPageWide(status.error.kind);
  return (
    <>
      <Boundary>
        <Overview {...{ status, targets }} />
      </Boundary>
      {!isPageDown && (
        <Boundary>
          <Dumps {...{ status, targets }} />
        </Boundary>
      )}
      <Boundary>
        <EnvironmentNotice />
        <RefusedNotice status={status.value} />
      </Boundary>
    </>
  );
}

function OverviewOnly() {
  return <Overview status={useStatus()} targets={useTargets()} />;
}

function DumpsOnly() {
  return <Dumps status={useStatus()} targets={useTargets()} />;
}
