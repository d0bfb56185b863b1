import React from 'react';

export interface ProgressProps {
  /** Whole percent; null when it is not known how far the work is. */
  percent: number | null;
  label: string;
  /** What a screen reader says instead of the number. */
  valueText: string;
  isSmall?: boolean;
}

export function Progress({ percent, label, valueText, isSmall = false }: ProgressProps) {
  const known = percent === null ? {} : { 'aria-valuenow': percent };
  const kind = percent === null ? ' mmx-progress--unknown' : '';
  return (
    <div
      className={`mmx-progress${isSmall ? ' mmx-progress--small' : ''}${kind}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={valueText}
      {...known}
    >
      {/* A new element, or the bar would shrink from its full length to what is done. */}
      <div
        key={kind}
        className="mmx-progress__bar"
        style={{ width: `${String(percent ?? 100)}%` }}
      />
    </div>
  );
}
