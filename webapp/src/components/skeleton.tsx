import React from 'react';

/** Holds the place of what is loading; appears only when loading takes longer than a blink. */
export function Skeleton({ label, rows }: { label: string; rows: number }) {
  return (
    <div className="mmx-skeleton">
      <span className="mmx-hidden" role="status">
        {label}
      </span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="mmx-skeleton__row" />
      ))}
    </div>
  );
}
