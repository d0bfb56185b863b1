import React from 'react';
import type { Status } from '../../../../api/index.ts';
import { Notice } from '../../components/notice.tsx';
import { useRootClass } from '../../components/root-class.ts';
import { ServerText } from '../../components/server-text.tsx';
import { useText } from '../../i18n/use-text.ts';

/**
 * Why the last save was refused, at the settings: the host says there only that some plugin refused it.
 */
export function RefusedNotice({ status }: { status: Status | null }) {
  const say = useText();
  const className = useRootClass();
  const refusal = status?.problems.find(({ code }) => code === 'SETTINGS_REFUSED');
  if (refusal === undefined) {
    return null;
  }
  return (
    <div className={className} id="mmx-refused">
      <Notice isAlert tone="error" title={<ServerText text={refusal.message} />}>
        <p className="mmx-notice__advice">{say('mmx.settings.refused.advice')}</p>
      </Notice>
    </div>
  );
}
