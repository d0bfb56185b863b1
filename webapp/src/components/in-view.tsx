import React, { useEffect, useRef, type ReactNode } from 'react';

/** Scrolls what has come into sight, once, and not at all where it is seen already. */
export function InView({ children }: { children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div className="mmx-in-view" ref={box}>
      {children}
    </div>
  );
}
