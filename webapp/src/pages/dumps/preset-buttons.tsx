import React from 'react';
import { useText } from '../../i18n/use-text.ts';
import { presets, type Preset } from './ranges.ts';

export interface PresetButtonsProps {
  /** Null when times were typed. */
  chosen: Preset | null;
  /** Without any data there is no "everything". */
  hasData: boolean;
  onChoose: (preset: Preset) => void;
}

/** The usual lengths, ending at this moment, at a click. */
export function PresetButtons({ chosen, hasData, onChoose }: PresetButtonsProps) {
  const say = useText();
  return (
    <div className="mmx-presets" role="group" aria-label={say('mmx.preset.group')}>
      {presets.map((preset) => (
        <button
          key={preset}
          type="button"
          className="mmx-preset"
          aria-pressed={chosen === preset}
          disabled={preset === 'everything' && !hasData}
          onClick={() => {
            onChoose(preset);
          }}
        >
          {say(`mmx.preset.${preset}`)}
        </button>
      ))}
    </div>
  );
}
