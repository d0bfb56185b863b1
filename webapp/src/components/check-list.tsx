import React from 'react';
import { keepFormFromSubmitting } from './keep-form.ts';

export interface CheckListProps {
  legend: string;
  /** What it means when nothing is chosen. */
  help: string;
  /** A name may have a remark beside it; an empty one is none. */
  items: readonly { name: string; remark: string }[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

/** Names to choose from, none of them chosen at first. */
export function CheckList({ legend, help, items, chosen, onChange }: CheckListProps) {
  const names = items.map(({ name }) => name);
  return (
    <fieldset className="mmx-checks">
      <legend className="mmx-field__label">{legend}</legend>
      <div className="mmx-checks__names">
        {items.map(({ name, remark }) => (
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
            <span>
              {name}
              {remark !== '' && <span className="mmx-check__remark"> {remark}</span>}
            </span>
          </label>
        ))}
      </div>
      <p className="mmx-field__help">{help}</p>
    </fieldset>
  );
}
