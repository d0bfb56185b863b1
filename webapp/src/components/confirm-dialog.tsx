import React, { useRef, type ReactNode } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';

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

/** Asks before something is lost or changed for everybody; it opens on the safe button. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, confirmLabel, cancelLabel, isBusy, onConfirm, onCancel } = props;
  const { confirmLook = 'danger' } = props;
  const safe = useRef<HTMLButtonElement>(null);
  return (
    <Dialog title={title} first={safe} onClose={onCancel}>
      {children}
      <div className="mmx-actions mmx-actions--end">
        <Button look="secondary" innerRef={safe} onClick={onCancel}>
          {cancelLabel}
        </Button>
        <Button look={confirmLook} isDisabled={isBusy} onClick={onConfirm}>
          {confirmLabel}
        </Button>
      </div>
    </Dialog>
  );
}
