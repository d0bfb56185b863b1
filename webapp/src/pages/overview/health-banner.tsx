import React from 'react';
import type { Status } from '../../../../api/index.ts';
import { Icon } from '../../components/icon.tsx';
import { useText, type MessageId } from '../../i18n/use-text.ts';
import { judgeHealth, type HealthWord } from './health.ts';

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
          {say(sentenceOf(word, status.targets), {
            up: status.targets.up,
            total: status.targets.total,
            interval: status.scrapeIntervalSeconds,
          })}
        </p>
      </div>
    </div>
  );
}

function sentenceOf(word: HealthWord, { up, total }: Status['targets']): MessageId {
  if (word !== 'attention') {
    return `mmx.health.${word}.sentence`;
  }
  if (up === 0) {
    return 'mmx.health.attention.none.sentence';
  }
  return up === total ? 'mmx.health.attention.all.sentence' : 'mmx.health.attention.sentence';
}
