import React from 'react';

// Drawn here because the host's icon font may not have loaded, and because strokes in the text's
// colour survive forced colours.
const paths = {
  good: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM4.9 8.2l2.2 2.2 4-4.4',
  busy: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM8 4.5V8l2.4 1.6',
  warning: 'M8 2 1.6 13.4h12.8L8 2ZM8 6.4v3.4M8 11.5v.1',
  error: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM8 4.6v4M8 11v.1',
  neutral: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM5 8h6',
  download: 'M8 2v8.2M4.4 6.9 8 10.4l3.6-3.5M2.5 13.5h11',
  delete: 'M3 4.2h10M6.2 4V2.6h3.6V4M4.3 4.4l.6 9h6.2l.6-9M6.7 6.8v4.2M9.3 6.8v4.2',
  refresh: 'M13.3 6.3A5.6 5.6 0 1 0 13.6 9M13.6 2.6v3.8H9.8',
  cancel: 'M4 4l8 8M12 4l-8 8',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      className="mmx-icon"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}
