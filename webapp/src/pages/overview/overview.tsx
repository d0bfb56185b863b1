import React from 'react';
import type { Status, TargetList } from '../../../../api/index.ts';
import type { LiveResource } from '../../polling/use-resource.ts';
import { Button } from '../../components/button.tsx';
import { FailureNotice } from '../../components/failure-notice.tsx';
import { Icon } from '../../components/icon.tsx';
import { Section } from '../../components/section.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { formatAge } from '../../format.ts';
import { useText } from '../../i18n/use-text.ts';
import { useTick } from '../../polling/use-tick.ts';
import { ZoneSwitch } from '../../zone/zone-switch.tsx';
import { HealthBanner } from './health-banner.tsx';
import { Nodes } from './nodes.tsx';
import { ProblemList } from './problem-list.tsx';
import { SyncArea } from './sync-area.tsx';
import { Targets } from './targets.tsx';
import { Tiles } from './tiles.tsx';
import { Words } from './words.tsx';

/** Rows of the skeleton: about the height of the overview once it is there. */
const SKELETON_ROWS = 5;

export interface OverviewProps {
  status: LiveResource<Status>;
  targets: LiveResource<TargetList>;
}

/** Answers at a glance whether collecting works, and what to do when it does not. */
export function Overview({ status, targets }: OverviewProps) {
  const say = useText();
  const nowMs = useTick(1_000);
  const ageMs = Math.max(0, nowMs - status.receivedMs);
  const { value } = status;
  const refresh = () => {
    status.refresh();
    targets.refresh();
  };
  return (
    <Section
      id="mmx-overview"
      title={say('mmx.overview.title')}
      subtitle={say('mmx.overview.subtitle')}
      aside={value !== null && <Freshness ageMs={ageMs} onRefresh={refresh} />}
    >
      {status.error !== null && <FailureNotice failure={status.error} onRetry={refresh} />}
      {status.error !== null && value !== null && (
        <p className="mmx-muted">{say('mmx.overview.stale', { age: formatAge(ageMs) })}</p>
      )}
      {value === null && status.error === null && (
        <Skeleton label={say('mmx.overview.loading')} rows={SKELETON_ROWS} />
      )}
      {value !== null && (
        <div className={status.error === null ? undefined : 'mmx-old'}>
          <HealthBanner status={value} />
          <ProblemList status={value} onMended={refresh} />
          <Tiles status={value} serverNowMs={value.nowMs + ageMs} />
          <Words />
          <Nodes status={value} serverNowMs={value.nowMs + ageMs} />
          <Targets
            targets={targets}
            isSaidAbove={status.error !== null}
            serverNowMs={value.nowMs + ageMs}
          />
          <SyncArea status={value} onSynced={refresh} />
        </div>
      )}
    </Section>
  );
}

function Freshness({ ageMs, onRefresh }: { ageMs: number; onRefresh: () => void }) {
  const say = useText();
  return (
    <div className="mmx-header__aside">
      <ZoneSwitch />
      <span className="mmx-muted">{say('mmx.overview.updated', { age: formatAge(ageMs) })}</span>
      <Button look="quiet" isSmall onClick={onRefresh}>
        <Icon name="refresh" />
        {say('mmx.overview.refresh')}
      </Button>
    </div>
  );
}
