import React from 'react';
import type { Status } from '../../../../api/index.ts';
import { Icon } from '../../components/icon.tsx';
import { useText, type MessageId } from '../../i18n/use-text.ts';
import { judgeHealth, type HealthWord } from './health.ts';

const words: Record<HealthWord, MessageId> = {
  working: 'mmx.health.working',
  starting: 'mmx.health.starting',
  attention: 'mmx.health.attention',
  stopped: 'mmx.health.stopped',
};

const sentences: Record<HealthWord, MessageId> = {
  working: 'mmx.health.working.sentence',
  starting: 'mmx.health.starting.sentence',
  attention: 'mmx.health.attention.sentence',
  stopped: 'mmx.health.stopped.sentence',
};

/** One word and one sentence: is it working? */
export function HealthBanner({ status }: { status: Status }) {
  const say = useText();
  const { word, tone } = judgeHealth(status);
  return (
    <div className={`mmx-health mmx-tone--${tone}`}>
      <span className="mmx-health__icon">
        <Icon name={tone} />
      </span>
      <div>
        <strong className="mmx-health__word">{say(words[word])}</strong>
        <p className="mmx-health__sentence">
          {say(sentences[word], {
            up: status.targets.up,
            total: status.targets.total,
            interval: status.scrapeIntervalSeconds,
          })}
        </p>
      </div>
    </div>
  );
}
