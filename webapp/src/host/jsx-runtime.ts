// Stands in for react/jsx-runtime in libraries that were compiled against it. The host offers React
// as a global only, and a bundled runtime of one React version crashes on another.
import React, { type ElementType, type Key, type ReactNode } from 'react';

type Props = Record<string, unknown> & { children?: ReactNode };

export const Fragment = React.Fragment;

export function jsx(type: ElementType, props: Props, key?: Key): ReactNode {
  return React.createElement(type, key === undefined ? props : { ...props, key });
}

/** Children are spread, as JSX with several children would, so that React asks for no keys. */
export function jsxs(type: ElementType, props: Props, key?: Key): ReactNode {
  const { children, ...rest } = props;
  const items = Array.isArray(children) ? (children as ReactNode[]) : [children];
  return React.createElement(type, key === undefined ? rest : { ...rest, key }, ...items);
}

/** The development variant; its further arguments only serve messages of React's own runtime. */
export function jsxDEV(type: ElementType, props: Props, key?: Key): ReactNode {
  return jsx(type, props, key);
}
