import type { ReactElement } from 'react';
import * as ReactDOM from 'react-dom';

/** What React 17 has and the types of later versions call deprecated or do not know. */
interface LegacyReactDom {
  render: (node: ReactElement, element: HTMLElement) => void;
  unmountComponentAtNode: (element: HTMLElement) => boolean;
}

/** Mounts as React 17 does; the answer unmounts. */
export function mount(element: HTMLElement, node: ReactElement): () => void {
  const legacy = ReactDOM as unknown as LegacyReactDom;
  legacy.render(node, element);
  return () => {
    legacy.unmountComponentAtNode(element);
  };
}
