import React, { type ReactNode } from 'react';
import type { Status, SyncStatus } from '../../../../api/index.ts';
import { Time } from '../../components/time.tsx';
import { formatAge, formatBytes, formatCount, formatShortCount } from '../../format.ts';
import { useLocale, useText } from '../../i18n/use-text.ts';
import { isStale, type Tone } from './health.ts';

/** The figures behind the sentence, each with what it is and what it means. */
export function Tiles({ status, serverNowMs }: { status: Status; serverNowMs: number }) {
  const say = useText();
  return (
    <>
      <dl className="mmx-tiles">
        <CollectingTiles status={status} serverNowMs={serverNowMs} />
        <StoreTiles status={status} serverNowMs={serverNowMs} />
      </dl>
      {status.mode === 'listener' && status.collector.node !== '' && (
        <p className="mmx-muted mmx-legend">
          {say('mmx.tiles.collector', { node: status.collector.node })}
        </p>
      )}
    </>
  );
}

interface TileProps {
  label: string;
  value: ReactNode;
  note: ReactNode;
  tone?: Tone;
  title?: string;
}

function Tile({ label, value, note, tone, title }: TileProps) {
  return (
    <div className="mmx-tile" title={title}>
      <dt className="mmx-tile__label">{label}</dt>
      <dd className={`mmx-tile__value${tone === undefined ? '' : ` mmx-tone--${tone}`}`}>
        {value}
      </dd>
      <dd className="mmx-tile__note">{note}</dd>
    </div>
  );
}

function CollectingTiles({ status, serverNowMs }: { status: Status; serverNowMs: number }) {
  const say = useText();
  const { collector, mode, newestSampleMs, oldestSampleMs, pluginVersion, serverVersion, targets } =
    status;
  const areAllUp = targets.total > 0 && targets.up === targets.total;
  return (
    <>
      <Tile
        label={say('mmx.tile.mode')}
        value={say(`mmx.mode.${mode}`)}
        note={`${say(`mmx.mode.${mode}.note`)}, ${say('mmx.tile.mode.version', { plugin: pluginVersion, server: serverVersion })}`}
      />
      <Tile
        label={say('mmx.tile.node')}
        value={collector.node === '' ? say('mmx.tile.node.none') : collector.node}
        {...(collector.node === '' ? { tone: 'error' as const } : {})}
        note={
          collector.node !== '' && (
            <>
              {say('mmx.tile.node.since')} <Time ms={collector.sinceMs} />
              {mode !== 'both' && `, ${say('mmx.tile.node.epoch', { epoch: collector.epoch })}`}
            </>
          )
        }
      />
      <Tile
        label={say('mmx.tile.targets')}
        value={say('mmx.tile.targets.value', { up: targets.up, total: targets.total })}
        note={say('mmx.tile.targets.note', { interval: status.scrapeIntervalSeconds })}
        {...(areAllUp ? {} : { tone: 'error' as const })}
      />
      <AgeTile
        label={say('mmx.tile.newest')}
        ms={newestSampleMs}
        status={status}
        {...{ serverNowMs }}
      />
      <AgeTile label={say('mmx.tile.oldest')} ms={oldestSampleMs} {...{ serverNowMs }} />
    </>
  );
}

interface AgeTileProps {
  label: string;
  ms: number | null;
  serverNowMs: number;
  /** Given when an old value means that collecting is late. */
  status?: Status;
}

function AgeTile({ label, ms, serverNowMs, status }: AgeTileProps) {
  const say = useText();
  if (ms === null) {
    return <Tile label={label} value={say('mmx.tile.none')} note="" />;
  }
  const ageMs = Math.max(0, serverNowMs - ms);
  const isLate = status !== undefined && isStale(status);
  return (
    <Tile
      label={label}
      value={say('mmx.tile.age', { age: formatAge(ageMs) })}
      note={<Time ms={ms} />}
      {...(isLate ? { tone: 'warning' as const } : {})}
    />
  );
}

function StoreTiles({ status, serverNowMs }: { status: Status; serverNowMs: number }) {
  const say = useText();
  const locale = useLocale();
  const { store, sync } = status;
  const { blocks, freeBytes } = store;
  const state = syncState(sync);
  return (
    <>
      <Tile
        label={say('mmx.tile.series')}
        value={formatCount(store.headSeries, locale)}
        note={say('mmx.tile.series.note', { samples: formatShortCount(store.headSamples, locale) })}
      />
      <Tile
        label={say('mmx.tile.disk')}
        value={formatBytes(store.sizeBytes, locale)}
        title={store.path}
        note={
          freeBytes === null
            ? say('mmx.tile.disk.note.unknown', { blocks })
            : say('mmx.tile.disk.note', { blocks, size: formatBytes(freeBytes, locale) })
        }
      />
      <Tile
        label={say('mmx.tile.sync')}
        value={say(`mmx.tile.sync.${state}`, { count: sync.pendingBlocks })}
        note={<SyncNote sync={sync} serverNowMs={serverNowMs} />}
        title={sync.driver}
        {...(state === 'failed' ? { tone: 'error' as const } : {})}
      />
    </>
  );
}

function SyncNote({ sync, serverNowMs }: { sync: SyncStatus; serverNowMs: number }) {
  const say = useText();
  const size = formatBytes(sync.remoteBytes, useLocale());
  const stored = say('mmx.tile.sync.note', { blocks: sync.remoteBlocks, size });
  if (sync.lastSuccessMs === null) {
    return <>{stored}</>;
  }
  const age = formatAge(Math.max(0, serverNowMs - sync.lastSuccessMs));
  return (
    <>
      {stored}, {say('mmx.tile.sync.age', { age })}
    </>
  );
}

function syncState(sync: SyncStatus): 'failed' | 'pending' | 'never' | 'good' {
  if (sync.lastError !== null) {
    return 'failed';
  }
  if (sync.pendingBlocks > 0) {
    return 'pending';
  }
  return sync.lastSuccessMs === null ? 'never' : 'good';
}
