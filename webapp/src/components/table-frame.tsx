import React, { useEffect, useRef, useState, type ReactNode } from 'react';

/**
 * Lets a table that is wider than its place scroll inside it, so that the page never does. Only while
 * there is something to scroll, the keyboard gets there too.
 */
export function TableFrame({ label, children }: { label: string; children: ReactNode }) {
  const frame = useRef<HTMLDivElement>(null);
  const [isCut, setCut] = useState(false);
  useEffect(() => {
    const element = frame.current;
    if (element === null) {
      return undefined;
    }
    const observer = new ResizeObserver(() => {
      setCut(element.scrollWidth > element.clientWidth);
    });
    observer.observe(element);
    for (const child of element.children) {
      observer.observe(child);
    }
    return () => {
      observer.disconnect();
    };
  }, []);
  const reach = isCut ? { role: 'region', 'aria-label': label, tabIndex: 0 } : {};
  return (
    <div className="mmx-table-frame" ref={frame} {...reach}>
      {children}
    </div>
  );
}
