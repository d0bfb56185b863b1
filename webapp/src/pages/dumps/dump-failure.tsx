import React from 'react';
import type { Dump } from '../../../../api/index.ts';
import { Details } from '../../components/details.tsx';
import { fileStorePageLink } from '../../host/site.ts';
import { useText, type MessageId } from '../../i18n/use-text.ts';

/** What to do about a failure whose reason does not say it itself; of others that it may have been chance. */
const advices: Readonly<Record<string, MessageId>> = {
  DUMP_DISK_FULL: 'mmx.failed.disk',
  DUMP_NO_SPACE: 'mmx.failed.disk',
  DUMP_STORE_FULL: 'mmx.failed.store',
  DUMP_STORE_FAILED: 'mmx.failed.store',
  DUMP_VERIFY_FAILED: 'mmx.failed.store',
  DUMP_RANGE_EMPTY: 'mmx.failed.range',
  DUMP_FILTER_EMPTY: 'mmx.failed.filter',
  DUMP_TOO_LARGE: 'mmx.failed.large',
  DUMP_INTERRUPTED: 'mmx.failed.interrupted',
};

/** What to do about a dump that failed. Reasons of this version of the plugin end with it. */
export function FailureAdvice({ dump }: { dump: Dump }) {
  const say = useText();
  const { code = '', sentence } = dump.error ?? {};
  const advice = advices[code] ?? 'mmx.flow.failed.advice';
  const isTold = sentence !== undefined && advice !== 'mmx.failed.range';
  if (isTold && advice !== 'mmx.failed.store') return null;
  return (
    <p className="mmx-notice__advice">
      {!isTold && <>{say(advice)} </>}
      {advice === 'mmx.failed.store' && (
        <a className="mmx-link" href={fileStorePageLink()}>
          {say('mmx.failed.store.link')}
        </a>
      )}
    </p>
  );
}

export function FailureDetails({ dump }: { dump: Dump }) {
  return <Details text={dumpDetails(dump)} />;
}

/** What a support engineer wants to know of a dump, one field per line. */
function dumpDetails(dump: Dump): string {
  const lines = [`dump: ${dump.id}`, `node: ${dump.node}`, `phase: ${dump.progress.phase}`];
  if (dump.error !== null) {
    lines.push(`code: ${dump.error.code}`, `message: ${dump.error.message}`);
    if (dump.error.detail !== '') {
      lines.push(`detail: ${dump.error.detail}`);
    }
  }
  return lines.join('\n');
}
