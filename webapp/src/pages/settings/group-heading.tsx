import React from 'react';
import { useRootClass } from '../../components/root-class.ts';
import { useText, type MessageId } from '../../i18n/use-text.ts';

const texts = {
  SettingsCollecting: ['mmx.settings.collecting', 'mmx.settings.collecting.what'],
  SettingsKeeping: ['mmx.settings.keeping', 'mmx.settings.keeping.what'],
  SettingsTargets: ['mmx.settings.targets', 'mmx.settings.targets.what'],
  SettingsLimits: ['mmx.settings.limits', 'mmx.settings.limits.what'],
} satisfies Record<string, [MessageId, MessageId]>;

/** Keys of the manifest's settings that are headings. */
export type SettingsGroup = keyof typeof texts;

/** Stands in the host's list of settings above those of a group. */
export function GroupHeading({ group }: { group: SettingsGroup }) {
  const say = useText();
  const [title, what] = texts[group];
  return (
    <div className={useRootClass()} id={`mmx-${group.toLowerCase()}`} tabIndex={-1}>
      <div className="mmx-group" role="heading" aria-level={2}>
        {say(title)}
      </div>
      <p className="mmx-group__what">{say(what)}</p>
    </div>
  );
}
