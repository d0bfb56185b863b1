import type { Clock } from '../lib/runtime/index.ts';
import type { Problem } from '../api/index.ts';

/** How long the reason stands in the status: whoever saved looks at once or not at all. */
const toldForMs = 15 * 60_000;

/**
 * The last save that was refused because of our settings. Not every server tells whoever saved why a
 * plugin refused, so the reason stands in the status of the node that was asked, too, until a save goes
 * through or some time is over.
 */
export class RefusedSave {
  readonly #clock: Clock;
  #last: { reason: string; atMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The outcome of a save; undefined when nothing was wrong with it. */
  note(reason: string | undefined): void {
    this.#last = reason === undefined ? undefined : { reason, atMs: this.#clock.monotonicMs() };
  }

  problems(): Problem[] {
    const last = this.#last;
    if (last === undefined || this.#clock.monotonicMs() - last.atMs > toldForMs) return [];
    return [
      {
        code: 'SETTINGS_REFUSED',
        severity: 'warning',
        message: `The last save of the configuration was refused: ${last.reason}`,
        advice: 'Nothing of it was saved. Correct the value and save again.',
        link: '/admin_console/plugins/plugin_com.mattermost.mattermost-plugin-metrics',
      },
    ];
  }
}
