import React, { type ReactNode } from 'react';
import { useRootClass } from './root-class.ts';

export interface SectionProps {
  /** Stays the same for ever: links from elsewhere end in it. */
  id: string;
  title: string;
  subtitle: string;
  /** At the right end of the header. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A section in the frame the console gives its own. */
export function Section({ id, title, subtitle, aside, children }: SectionProps) {
  return (
    <div className={`config-section ${useRootClass()}`} id={id}>
      <div className="section-header mmx-header">
        <div>
          <div className="section-title" role="heading" aria-level={2} id={`${id}-title`}>
            {title}
          </div>
          <div className="section-subtitle">{subtitle}</div>
        </div>
        {aside}
      </div>
      <div className="section-body" role="region" aria-labelledby={`${id}-title`}>
        {children}
      </div>
    </div>
  );
}
