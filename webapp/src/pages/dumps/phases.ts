import type { DumpPhase } from '../../../../api/index.ts';
import type { MessageId } from '../../i18n/use-text.ts';

export function phaseText(phase: DumpPhase): MessageId {
  return `mmx.phase.${phase}`;
}
