import React, { useEffect, useState } from 'react';
import type { EnvironmentSettings } from '../../api/environment-settings.ts';
import { useApi } from '../../api/context.ts';
import { Notice } from '../../components/notice.tsx';
import { useRootClass } from '../../components/root-class.ts';
import { useText } from '../../i18n/use-text.ts';

/**
 * Stands above the settings when the server's environment decides them: the host draws them as if they
 * could be changed. Who may not ask the host sees nothing; he may not change settings either.
 */
export function EnvironmentNotice() {
  const say = useText();
  const api = useApi();
  const className = useRootClass();
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
    <div className={className} id="mmx-environment">
      <Notice
        tone="warning"
        title={
          settings === 'all'
            ? say('mmx.environment.all')
            : say('mmx.environment.some', { names: settings.join(', ') })
        }
      >
        <p className="mmx-notice__advice">{say('mmx.environment.advice')}</p>
      </Notice>
    </div>
  );
}
