import React, { Fragment } from 'react';
import { useText } from '../../i18n/use-text.ts';

const words = ['target', 'scrape', 'sample', 'series', 'block', 'epoch'] as const;

/** What the figures above are about, for who has never met Prometheus; folded away. */
export function Words() {
  const say = useText();
  return (
    <details className="mmx-details">
      <summary>{say('mmx.words')}</summary>
      <dl className="mmx-words">
        {words.map((word) => (
          <Fragment key={word}>
            <dt>{say(`mmx.words.${word}`)}</dt>
            <dd>{say(`mmx.words.${word}.means`)}</dd>
          </Fragment>
        ))}
      </dl>
    </details>
  );
}
