import React, { useEffect, useRef, type ReactNode } from 'react';
import { Button } from './button.tsx';

export interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  confirmLabel: string;
  /** `danger` unless nothing is lost. */
  confirmLook?: 'danger' | 'primary';
  cancelLabel: string;
  isBusy: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}

/**
 * Asks before something is lost or changed for everybody. The browser's own dialog keeps the focus inside, closes on Esc and
 * gives the focus back; it opens on the safe button, and a click beside it cancels.
 */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, confirmLabel, cancelLabel, isBusy, onConfirm, onCancel } = props;
  const { confirmLook = 'danger' } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const safe = useRef<HTMLButtonElement>(null);
  const cancel = useRef(onCancel);
  cancel.current = onCancel;
  useEffect(() => {
    const element = dialog.current;
    if (element === null) {
      return undefined;
    }
    const opener = document.activeElement;
    // Listened to here because React versions differ in which dialog events they know.
    const onDialogCancel = (event: Event) => {
      event.preventDefault();
      cancel.current();
    };
    const onBackdrop = (event: MouseEvent) => {
      if (event.target === element) {
        cancel.current();
      }
    };
    element.addEventListener('cancel', onDialogCancel);
    element.addEventListener('click', onBackdrop);
    element.showModal();
    safe.current?.focus();
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
    <dialog ref={dialog} className="mmx-dialog" aria-labelledby="mmx-dialog-title">
      <div className="mmx-dialog__content">
        <h2 className="mmx-dialog__title" id="mmx-dialog-title">
          {title}
        </h2>
        {children}
        <div className="mmx-actions mmx-actions--end">
          <Button look="secondary" innerRef={safe} onClick={onCancel}>
            {cancelLabel}
          </Button>
          <Button look={confirmLook} isDisabled={isBusy} onClick={onConfirm}>
            {confirmLabel}
          </Button>
        </div>
      </div>
    </dialog>
  );
}
