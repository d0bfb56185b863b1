import React from 'react';
import type { Status } from '../../../../api/index.ts';
import { Icon } from '../../components/icon.tsx';
import { formatAge } from '../../format.ts';
import { useText, type MessageId } from '../../i18n/use-text.ts';
import { isStale, judgeHealth, type HealthWord } from './health.ts';

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
        <strong className="mmx-health__word">{say(`mmx.health.${word}`)}</strong>
        <p className="mmx-health__sentence">
          {say(sentenceOf(word, status), {
            up: status.targets.up,
            total: status.targets.total,
            interval: status.scrapeIntervalSeconds,
            age: formatAge(status.nowMs - (status.newestSampleMs ?? status.nowMs)),
          })}
        </p>
      </div>
    </div>
  );
}

function sentenceOf(word: HealthWord, status: Status): MessageId {
  const { up, total } = status.targets;
  if (word !== 'attention') {
    return `mmx.health.${word}.sentence`;
  }
  if (status.problems.some(({ code }) => code === 'TSDB_DISK_FULL')) {
    return 'mmx.health.attention.full.sentence';
  }
  if (up > 0 && isStale(status)) {
    return 'mmx.health.attention.stale.sentence';
  }
  if (up === 0) {
    return 'mmx.health.attention.none.sentence';
  }
  return up === total ? 'mmx.health.attention.all.sentence' : 'mmx.health.attention.sentence';
}
