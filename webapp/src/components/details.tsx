import React, { useRef, useState } from 'react';
import { useText } from '../i18n/use-text.ts';
import { Button } from './button.tsx';
import { copyText } from './copy-text.ts';

/** Code and circumstances for a support engineer, folded away until asked for. */
export function Details({ text }: { text: string }) {
  const say = useText();
  const shown = useRef<HTMLPreElement>(null);
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'failed'>('none');
  const copy = () => {
    copyText(text, shown.current).then(
      () => {
        setOutcome('copied');
      },
      () => {
        setOutcome('failed');
      },
    );
  };
  return (
    <details className="mmx-details">
      <summary>{say('mmx.details')}</summary>
      <pre ref={shown}>{text}</pre>
      <Button look="secondary" isSmall onClick={copy}>
        {say('mmx.copy')}
      </Button>
      <span role="status" className="mmx-details__outcome">
        {outcome === 'copied' && say('mmx.copied')}
        {outcome === 'failed' && say('mmx.copy.failed')}
      </span>
    </details>
  );
}
