// The builder puts mount-root or mount-legacy here, as the React version asks.
declare module 'host-mount' {
  import type { ReactElement } from 'react';

  export function mount(element: HTMLElement, node: ReactElement): () => void;
}
