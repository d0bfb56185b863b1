import React from 'react';
import type { Status } from '../../../../api/index.ts';
import { NoticeSection } from '../../components/notice-section.tsx';
import { ServerText } from '../../components/server-text.tsx';
import { useText } from '../../i18n/use-text.ts';

/**
 * Why the last save was refused, at the settings: the host says there only that some plugin refused it.
 */
export function RefusedNotice({ status }: { status: Status | null }) {
  const say = useText();
  const refusal = status?.problems.find(({ code }) => code === 'SETTINGS_REFUSED');
  if (refusal === undefined) {
    return null;
  }
  return (
    <NoticeSection
      isAlert
      id="mmx-refused"
      tone="error"
      title={<ServerText text={refusal.message} sentence={refusal.sentences?.message} />}
    >
      <p className="mmx-notice__advice">{say('mmx.settings.refused.advice')}</p>
    </NoticeSection>
  );
}
