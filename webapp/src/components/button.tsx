import React, { type ReactNode, type Ref } from 'react';

const looks = {
  primary: 'btn-primary',
  secondary: 'btn-tertiary',
  quiet: 'btn-quaternary',
  danger: 'btn-danger mmx-button--strong',
  'quiet-danger': 'btn-quaternary mmx-button--danger',
} as const;

export interface ButtonProps {
  look: keyof typeof looks;
  onClick: () => void;
  children: ReactNode;
  isDisabled?: boolean;
  isSmall?: boolean;
  innerRef?: Ref<HTMLButtonElement>;
}

/** The class names of a button, also for a link that looks like one. */
export function buttonClass(look: keyof typeof looks, isSmall: boolean): string {
  return `btn ${looks[look]}${isSmall ? ' btn-sm' : ''} mmx-button`;
}

/** A button in the host's look that never submits the console's form around it. */
export function Button(props: ButtonProps) {
  const { look, onClick, children, isDisabled = false, isSmall = false, innerRef } = props;
  return (
    <button
      type="button"
      ref={innerRef}
      className={buttonClass(look, isSmall)}
      disabled={isDisabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
