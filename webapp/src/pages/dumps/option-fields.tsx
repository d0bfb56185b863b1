import React, { useRef } from 'react';
import type { DumpChoices } from '../../../../api/index.ts';
import { Button } from '../../components/button.tsx';
import { CheckList } from '../../components/check-list.tsx';
import { keepFormFromSubmitting } from '../../components/keep-form.ts';
import { useText } from '../../i18n/use-text.ts';
import { targetKind } from '../overview/target-kind.ts';
import { optionTexts, stepText } from './option-notes.tsx';
import {
  choosable,
  notesOfOptions,
  plainOptions,
  steps,
  type DumpOptions,
  type KnownTargets,
} from './options.ts';

export interface OptionFieldsProps {
  known: KnownTargets;
  /** What the server has in the range; null while that is not known. */
  stored: DumpChoices | null;
  options: DumpOptions;
  onChange: (options: DumpOptions) => void;
  /** Unfolded for the first time: only then is it of interest what there is to choose. */
  onOpen: () => void;
}

/** Everything most people never need, folded away; what is chosen is said when it is folded, too. */
export function OptionFields(props: OptionFieldsProps) {
  const { known, stored, options, onChange, onOpen } = props;
  const say = useText();
  const chosen = optionTexts(notesOfOptions(options), say);
  const change = (fields: Partial<DumpOptions>) => {
    onChange({ ...options, ...fields });
  };
  return (
    <details
      className="mmx-options"
      onToggle={({ currentTarget }) => {
        if (currentTarget.open) {
          onOpen();
        }
      }}
    >
      <summary>
        <span>{say('mmx.options')}</span>
        <span className="mmx-options__chosen">
          {chosen.length === 0 ? say('mmx.options.plain') : chosen.join(' · ')}
        </span>
      </summary>
      <div className="mmx-options__fields">
        <ChoiceList
          kind="hosts"
          chosen={options.nodes}
          {...{ known, stored }}
          onChange={(nodes) => {
            change({ nodes });
          }}
        />
        <ChoiceList
          kind="jobs"
          chosen={options.jobs}
          {...{ known, stored }}
          onChange={(jobs) => {
            change({ jobs });
          }}
        />
        <MetricsField {...{ options, change }} />
        <StepField {...{ options, change }} />
        <RedactionField {...{ options, change }} />
        {chosen.length > 0 && (
          <div>
            <Button
              look="quiet"
              isSmall
              onClick={() => {
                onChange(plainOptions);
              }}
            >
              {say('mmx.options.reset')}
            </Button>
          </div>
        )}
      </div>
    </details>
  );
}

interface ChoiceListProps extends Pick<OptionFieldsProps, 'known' | 'stored'> {
  kind: 'hosts' | 'jobs';
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

/** Hosts or jobs to choose from, where there is more than one. */
function ChoiceList({ kind, known, stored, chosen, onChange }: ChoiceListProps) {
  const say = useText();
  // A name that vanished with its tick would take the keyboard's focus along.
  const everChosen = useRef(new Set<string>());
  for (const name of chosen) {
    everChosen.current.add(name);
  }
  const remarkOn = (name: string, isGone: boolean) => {
    const is = kind === 'jobs' ? targetKind(name) : null;
    const remarks = [
      is === null ? '' : say(`mmx.targets.kind.${is}`),
      isGone ? say('mmx.options.gone') : '',
    ];
    return remarks.filter((remark) => remark !== '').join(' ');
  };
  const items = choosable(kind, known, stored, [...everChosen.current]);
  if (items.length < 2) {
    return null;
  }
  return (
    <CheckList
      legend={say(`mmx.options.${kind}`)}
      help={say(`mmx.options.${kind}.help`)}
      items={items.map(({ name, isGone }) => ({ name, remark: remarkOn(name, isGone) }))}
      {...{ chosen, onChange }}
    />
  );
}

interface FieldProps {
  options: DumpOptions;
  change: (fields: Partial<DumpOptions>) => void;
}

/** Lines of names: here Enter begins a new one, and submits nothing. */
function MetricsField({ options, change }: FieldProps) {
  const say = useText();
  return (
    <div className="mmx-field">
      <label className="mmx-field__label" htmlFor="mmx-option-metrics">
        {say('mmx.options.metrics')}
      </label>
      <textarea
        id="mmx-option-metrics"
        className="form-control mmx-field__area"
        rows={3}
        spellCheck={false}
        value={options.metrics}
        aria-describedby="mmx-option-metrics-help"
        onChange={(event) => {
          change({ metrics: event.target.value });
        }}
      />
      <p className="mmx-field__help" id="mmx-option-metrics-help">
        {say('mmx.options.metrics.help')}
      </p>
    </div>
  );
}

function StepField({ options, change }: FieldProps) {
  const say = useText();
  return (
    <div className="mmx-field">
      <label className="mmx-field__label" htmlFor="mmx-option-step">
        {say('mmx.options.step')}
      </label>
      <select
        id="mmx-option-step"
        className="mmx-select mmx-field__select"
        value={options.stepSeconds}
        aria-describedby="mmx-option-step-help"
        onKeyDown={keepFormFromSubmitting}
        onChange={(event) => {
          change({ stepSeconds: Number(event.target.value) });
        }}
      >
        {steps.map((step) => (
          <option key={step} value={step}>
            {step === 0
              ? say('mmx.options.step.none')
              : say('mmx.options.step.every', { step: stepText(step) })}
          </option>
        ))}
      </select>
      <p className="mmx-field__help" id="mmx-option-step-help">
        {say('mmx.options.step.help')}
      </p>
    </div>
  );
}

function RedactionField({ options, change }: FieldProps) {
  const say = useText();
  return (
    <div className="mmx-field">
      <label className="mmx-check">
        <input
          type="checkbox"
          checked={options.isRedacted}
          aria-describedby="mmx-option-redact-help"
          onKeyDown={keepFormFromSubmitting}
          onChange={({ target }) => {
            change({ isRedacted: target.checked });
          }}
        />
        <span>{say('mmx.options.redact')}</span>
      </label>
      <p className="mmx-field__help" id="mmx-option-redact-help">
        {say('mmx.options.redact.help')}
      </p>
    </div>
  );
}
