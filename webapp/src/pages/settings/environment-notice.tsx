import React, { useEffect, useState } from 'react';
import type { EnvironmentSettings } from '../../api/environment-settings.ts';
import { useApi } from '../../api/context.ts';
import { NoticeSection } from '../../components/notice-section.tsx';
import { useText } from '../../i18n/use-text.ts';

/**
 * Stands above the settings when the server's environment decides them: the host draws them as if they
 * could be changed. Who may not ask the host sees nothing; he may not change settings either.
 */
export function EnvironmentNotice() {
  const say = useText();
  const api = useApi();
  const [settings, setSettings] = useState<EnvironmentSettings>([]);
  useEffect(() => {
    const asking = new AbortController();
    api.settingsFromEnvironment(asking.signal).then(setSettings, () => {
      setSettings([]);
    });
    return () => {
      asking.abort();
    };
  }, [api]);
  if (settings.length === 0) {
    return null;
  }
  return (
    <NoticeSection
      id="mmx-environment"
      tone="warning"
      title={
        settings === 'all'
          ? say('mmx.environment.all')
          : say('mmx.environment.some', { names: settings.join(', ') })
      }
    >
      <p className="mmx-notice__advice">{say('mmx.environment.advice')}</p>
    </NoticeSection>
  );
}
