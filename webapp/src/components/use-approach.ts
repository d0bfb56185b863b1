import { useEffect, useRef, useState, type RefObject } from 'react';

/**
 * Whether the pointer or the focus has come to an element since it is there: then somebody is about to
 * use it.
 */
export function useApproach<Element extends HTMLElement>(): [RefObject<Element>, boolean] {
  const element = useRef<Element>(null);
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    const watched = element.current;
    const come = () => {
      setNear(true);
    };
    watched?.addEventListener('pointerenter', come);
    watched?.addEventListener('focusin', come);
    return () => {
      watched?.removeEventListener('pointerenter', come);
      watched?.removeEventListener('focusin', come);
    };
  }, []);
  return [element, isNear];
}
