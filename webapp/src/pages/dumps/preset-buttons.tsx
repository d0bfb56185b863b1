import React from 'react';
import { useText } from '../../i18n/use-text.ts';
import { presetChoice, presets, type Preset, type PresetStarts } from './ranges.ts';

export interface PresetButtonsProps {
  /** Null when times were typed. */
  chosen: Preset | null;
  starts: PresetStarts;
  onChoose: (preset: Preset) => void;
}

/** The usual lengths, ending at this moment, at a click. */
export function PresetButtons({ chosen, starts, onChoose }: PresetButtonsProps) {
  const say = useText();
  // Without any data it is clear why; with them somebody wonders what has become of the restart.
  const isRestartMissing = starts.oldestMs !== null && starts.restartedAtMs === null;
  return (
    <>
      <div className="mmx-presets" role="group" aria-label={say('mmx.preset.group')}>
        {presets.map((preset) => (
          <button
            key={preset}
            type="button"
            className="mmx-preset"
            aria-pressed={chosen === preset}
            disabled={presetChoice(preset, starts) === null}
            onClick={() => {
              onChoose(preset);
            }}
          >
            {say(`mmx.preset.${preset}`)}
          </button>
        ))}
      </div>
      {isRestartMissing && <p className="mmx-muted">{say('mmx.preset.restart.unknown')}</p>}
    </>
  );
}
