import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';

/** Mounts as React 18 and later do; the answer unmounts. */
export function mount(element: HTMLElement, node: ReactNode): () => void {
  const root = createRoot(element);
  root.render(node);
  return () => {
    root.unmount();
  };
}
