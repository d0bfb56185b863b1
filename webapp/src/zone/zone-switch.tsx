import React from 'react';
import { keepFormFromSubmitting } from '../components/keep-form.ts';
import { useText } from '../i18n/use-text.ts';
import { browserZone, useZone } from './zone.tsx';

/** Says which zone times are in, and changes it. */
export function ZoneSwitch() {
  const say = useText();
  const { zone, choose } = useZone();
  return (
    <label className="mmx-zone">
      <span>{say('mmx.zone.label')}</span>
      <select
        className="mmx-select"
        value={zone}
        onKeyDown={keepFormFromSubmitting}
        onChange={(event) => {
          choose(event.target.value === 'utc' ? 'utc' : 'browser');
        }}
      >
        <option value="browser">{browserZone()}</option>
        {browserZone() !== 'UTC' && <option value="utc">UTC</option>}
      </select>
    </label>
  );
}
