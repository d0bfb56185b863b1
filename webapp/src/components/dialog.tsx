import React, { useEffect, useRef, type ReactNode, type RefObject } from 'react';

export interface DialogProps {
  title: string;
  children: ReactNode;
  /** What the keyboard is on when the dialog opens; its title when absent. */
  first?: RefObject<HTMLElement | null>;
  isWide?: boolean;
  /** Esc, or a click beside the dialog. */
  onClose: () => void;
}

/**
 * The browser's own modal dialog: it keeps the focus inside, closes on Esc and gives the focus back.
 */
export function Dialog({ title, children, first, isWide = false, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  const opening = useRef(first ?? heading);
  useEffect(() => {
    const element = dialog.current;
    if (element === null) {
      return undefined;
    }
    const opener = document.activeElement;
    // Listened to here because React versions differ in which dialog events they know.
    const onDialogCancel = (event: Event) => {
      event.preventDefault();
      close.current();
    };
    const onBackdrop = (event: MouseEvent) => {
      if (event.target === element) {
        close.current();
      }
    };
    element.addEventListener('cancel', onDialogCancel);
    element.addEventListener('click', onBackdrop);
    element.showModal();
    opening.current.current?.focus();
    return () => {
      element.removeEventListener('cancel', onDialogCancel);
      element.removeEventListener('click', onBackdrop);
      element.close();
      if (opener instanceof HTMLElement && opener.isConnected) {
        opener.focus();
      }
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={isWide ? 'mmx-dialog mmx-dialog--wide' : 'mmx-dialog'}
      aria-labelledby="mmx-dialog-title"
    >
      <div className="mmx-dialog__content">
        <h2 className="mmx-dialog__title" id="mmx-dialog-title" ref={heading} tabIndex={-1}>
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}
