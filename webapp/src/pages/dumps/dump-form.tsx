import React, { useState } from 'react';
import type { DumpChoices } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { Button } from '../../components/button.tsx';
import { useApproach } from '../../components/use-approach.ts';
import { useText } from '../../i18n/use-text.ts';
import { useAnswer } from '../../polling/use-answer.ts';
import { useZone } from '../../zone/zone.tsx';
import { askChoices } from './ask-choices.ts';
import { DumpEstimateLine } from './dump-estimate.tsx';
import { OptionFields } from './option-fields.tsx';
import { dumpRequest, plainOptions, type DumpChoice, type KnownTargets } from './options.ts';
import { PreviewDialog } from './preview-dialog.tsx';
import { readEntry, type FormTimes, type RangeEntry } from './range-entry.ts';
import { RangeFields } from './range-fields.tsx';
import { resolveRange, type RangeChoice } from './ranges.ts';

export interface DumpFormProps {
  times: FormTimes;
  known: KnownTargets;
  isDisabled: boolean;
  onStart: (choice: DumpChoice) => void;
}

/** Long enough for most incidents, and a hint that any length will do. */
const firstEntry: RangeEntry = { kind: 'preset', preset: '6h' };

/** A dump of one's own choice; a fieldset, because a form inside the console's form would break it. */
export function DumpForm({ times, known, isDisabled, onStart }: DumpFormProps) {
  const say = useText();
  const { zone } = useZone();
  const [entry, setEntry] = useState(firstEntry);
  const [options, setOptions] = useState(plainOptions);
  const [isTouched, setTouched] = useState(false);
  const [fields, isNear] = useApproach<HTMLFieldSetElement>();
  const [isOpened, setOpened] = useState(false);
  const [previewed, setPreviewed] = useState<DumpChoice | null>(null);
  const { shown, choice: range, fault } = readEntry(entry, zone, times);
  const choice = range === null ? null : { range, options };
  const stored = useStoredChoices(isOpened ? range : null, JSON.stringify(entry), times.nowMs);
  const withChoice = (use: (choice: DumpChoice) => void) => () => {
    setTouched(true);
    if (choice !== null) {
      use(choice);
    }
  };
  return (
    <fieldset className="mmx-range" ref={fields}>
      <legend className="mmx-range__legend">{say('mmx.dumps.range')}</legend>
      <RangeFields
        {...{ entry, shown, times }}
        fault={isTouched ? fault : null}
        onEnter={(next) => {
          setTouched(true);
          setEntry(next);
        }}
      />
      <OptionFields
        {...{ known, options }}
        stored={stored}
        onOpen={() => {
          setOpened(true);
        }}
        onChange={(next) => {
          setTouched(true);
          setOptions(next);
        }}
      />
      <FormButtons
        isDisabled={isDisabled}
        onStart={withChoice(onStart)}
        onPreview={withChoice(setPreviewed)}
      />
      <p className="mmx-estimate">
        {isNear && choice !== null && (
          <DumpEstimateLine
            request={dumpRequest(choice, times.nowMs)}
            requestKey={JSON.stringify([entry, options])}
          />
        )}
      </p>
      {previewed !== null && (
        <PreviewDialog
          request={dumpRequest(previewed, times.nowMs)}
          isDisabled={isDisabled}
          onStart={() => {
            setPreviewed(null);
            onStart(previewed);
          }}
          onClose={() => {
            setPreviewed(null);
          }}
        />
      )}
    </fieldset>
  );
}

/** What there is to choose from in a range; null while it is not known or nobody looks. */
function useStoredChoices(
  range: RangeChoice | null,
  key: string,
  nowMs: number,
): DumpChoices | null {
  const api = useApi();
  const answer = useAnswer(
    range && { key, ask: (signal) => askChoices(api, resolveRange(range, nowMs), signal) },
  );
  return answer?.value ?? null;
}

interface FormButtonsProps {
  isDisabled: boolean;
  onStart: () => void;
  onPreview: () => void;
}

function FormButtons({ isDisabled, onStart, onPreview }: FormButtonsProps) {
  const say = useText();
  return (
    <div className="mmx-actions">
      <Button look="secondary" isDisabled={isDisabled} onClick={onStart}>
        {say('mmx.dumps.range.download')}
      </Button>
      <Button look="quiet" onClick={onPreview}>
        {say('mmx.preview.open')}
      </Button>
    </div>
  );
}
