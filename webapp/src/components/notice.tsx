import React, { type ReactNode } from 'react';
import type { Tone } from '../pages/overview/health.ts';
import { Icon } from './icon.tsx';

export interface NoticeProps {
  tone: Tone;
  title: ReactNode;
  children?: ReactNode;
  /** Announced at once; for what answers an action or hides the page. */
  isAlert?: boolean;
}

/** A message at the place it is about: what happened first, then what to do. */
export function Notice({ tone, title, children, isAlert = false }: NoticeProps) {
  return (
    <div className={`mmx-notice mmx-tone--${tone}`} {...(isAlert ? { role: 'alert' } : {})}>
      <span className="mmx-notice__icon">
        <Icon name={tone} />
      </span>
      <div className="mmx-notice__text">
        <p className="mmx-notice__title">{title}</p>
        {children}
      </div>
    </div>
  );
}
