import React, { type ComponentType } from 'react';
import type { MetricsApi } from '../api/client.ts';
import { ApiContext } from '../api/context.ts';
import { isPageWide } from '../api/failure.ts';
import { ZoneProvider } from '../zone/zone.tsx';
import { FeedContext } from '../polling/feed-context.ts';
import type { ChangeFeed } from '../polling/change-feed.ts';
import { Boundary } from '../components/boundary.tsx';
import type { CustomSettingProps } from '../host/registry.ts';
import { Dumps } from './dumps/dumps.tsx';
import { EnvironmentNotice } from './settings/environment-notice.tsx';
import { GroupHeading, type SettingsGroup } from './settings/group-heading.tsx';
import { RefusedNotice } from './settings/refused-notice.tsx';
import { SaveAnnouncer } from './settings/save-announcer.tsx';
import { Overview } from './overview/overview.tsx';
import { useTargets } from './overview/use-targets.ts';
import { useStatus } from './use-status.ts';

/** The components to register by the keys of their settings, each in its own boundary. */
export type ConsoleParts = Record<'Stats' | SettingsGroup, ComponentType<CustomSettingProps>>;

export function consoleParts(api: MetricsApi, feed: ChangeFeed): ConsoleParts {
  const stats = (host: CustomSettingProps) => (
    <Boundary>
      <ApiContext.Provider value={api}>
        <FeedContext.Provider value={feed}>
          <ZoneProvider>
            <Everything />
          </ZoneProvider>
        </FeedContext.Provider>
        <SaveAnnouncer {...host} />
      </ApiContext.Provider>
    </Boundary>
  );
  const heading = (group: SettingsGroup) => () => (
    <Boundary>
      <GroupHeading group={group} />
    </Boundary>
  );
  return {
    Stats: stats,
    SettingsCollecting: heading('SettingsCollecting'),
    SettingsKeeping: heading('SettingsKeeping'),
    SettingsTargets: heading('SettingsTargets'),
    SettingsLimits: heading('SettingsLimits'),
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
