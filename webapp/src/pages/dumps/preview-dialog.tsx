import React, { useEffect, useRef, useState } from 'react';
import type { DumpPreview, DumpRequest } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { FailureNotice } from '../../components/failure-notice.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { useText } from '../../i18n/use-text.ts';
import { useAction } from '../use-action.ts';
import { PreviewLists } from './preview-lists.tsx';

export interface PreviewDialogProps {
  request: DumpRequest;
  /** While another dump is being asked for. */
  isDisabled: boolean;
  onStart: () => void;
  onClose: () => void;
}

/** What somebody who gets this dump could read in it, before it is made. */
export function PreviewDialog({ request, isDisabled, onStart, onClose }: PreviewDialogProps) {
  const say = useText();
  const api = useApi();
  const [preview, setPreview] = useState<DumpPreview | null>(null);
  // The end of the range moves on with the clock; what is looked at is what was asked for.
  const [asked] = useState(request);
  const ask = useAction(
    async (signal) => {
      setPreview(await api.previewDump(asked, signal));
    },
    () => undefined,
  );
  const first = useRef(ask.run);
  useEffect(() => {
    first.current();
  }, []);
  return (
    <Dialog isWide title={say('mmx.preview.title')} onClose={onClose}>
      {ask.failure !== null && <FailureNotice failure={ask.failure} onRetry={ask.run} />}
      {preview === null && ask.failure === null && (
        <Skeleton label={say('mmx.preview.loading')} rows={4} />
      )}
      {preview !== null && <PreviewLists preview={preview} />}
      {/* There before its text, or screen readers would not say it. */}
      <span className="mmx-hidden" role="status">
        {preview !== null && say('mmx.preview.said')}
      </span>
      <div className="mmx-actions mmx-actions--end">
        <Button look="secondary" onClick={onClose}>
          {say('mmx.flow.dismiss')}
        </Button>
        <Button look="primary" isDisabled={isDisabled || preview === null} onClick={onStart}>
          {say('mmx.preview.download')}
        </Button>
      </div>
    </Dialog>
  );
}
