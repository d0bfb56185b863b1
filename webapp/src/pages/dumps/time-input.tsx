import React from 'react';
import { keepFormFromSubmitting } from '../../components/keep-form.ts';

export interface TimeInputProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  isInvalid: boolean;
  /** Id of the element that says what is wrong. */
  helpId: string;
}

/** A native input of day and minute. */
export function TimeInput({ id, label, value, onChange, isInvalid, helpId }: TimeInputProps) {
  return (
    <div className="mmx-field">
      <label className="mmx-field__label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="form-control mmx-field__input"
        type="datetime-local"
        value={value}
        aria-invalid={isInvalid}
        aria-describedby={helpId}
        onChange={(event) => {
          onChange(event.target.value);
        }}
        onKeyDown={keepFormFromSubmitting}
      />
    </div>
  );
}
