import React, { type ReactNode } from 'react';
import type { Tone } from '../pages/overview/health.ts';
import { Icon } from './icon.tsx';

/** A state: icon, word and colour together, so that none of them carries it alone. */
export function StatusWord({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`mmx-status mmx-tone--${tone}`}>
      <Icon name={tone} />
      <span>{children}</span>
    </span>
  );
}
