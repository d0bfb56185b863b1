import React from 'react';
import { keepFormFromSubmitting } from './keep-form.ts';

export interface CheckListProps {
  legend: string;
  /** What it means when nothing is chosen. */
  help: string;
  names: string[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

/** Names to choose from, none of them chosen at first. */
export function CheckList({ legend, help, names, chosen, onChange }: CheckListProps) {
  return (
    <fieldset className="mmx-checks">
      <legend className="mmx-field__label">{legend}</legend>
      <div className="mmx-checks__names">
        {names.map((name) => (
          <label key={name} className="mmx-check">
            <input
              type="checkbox"
              checked={chosen.includes(name)}
              onKeyDown={keepFormFromSubmitting}
              onChange={({ target }) => {
                onChange(
                  target.checked
                    ? names.filter((other) => other === name || chosen.includes(other))
                    : chosen.filter((other) => other !== name),
                );
              }}
            />
            <span>{name}</span>
          </label>
        ))}
      </div>
      <p className="mmx-field__help">{help}</p>
    </fieldset>
  );
}
