import React from 'react';
import { Notice, type NoticeProps } from './notice.tsx';
import { useRootClass } from './root-class.ts';

/** A message among the console's sections, as wide as they are. */
export function NoticeSection({ id, ...notice }: NoticeProps & { id: string }) {
  return (
    <div className={`config-section ${useRootClass()}`} id={id}>
      <div className="section-body">
        <Notice {...notice} />
      </div>
    </div>
  );
}
