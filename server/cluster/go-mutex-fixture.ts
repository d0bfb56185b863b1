import type { Clock } from '../../lib/runtime/index.ts';
import { sleep } from '../../lib/runtime/index.ts';
import type { KvApi } from './cluster-fixture.ts';
import type { Chance } from './model-world-fixture.ts';

const key = 'mutex_metrics';
const mark = Uint8Array.of(1);
const expireInSeconds = 15;

/**
 * The cluster mutex of Mattermost's Go plugins as the Go metrics plugin 0.7.0 used it to choose its
 * scraper: the value names no owner, a failed refresh tells nobody, whoever does not get it in 20 s
 * gives up. Kept to show that the model finds what is wrong with it.
 */
export class GoMutex {
  readonly #kv: Pick<KvApi, 'kvSetWithOptions' | 'kvDelete'>;
  readonly #clock: Clock;
  readonly #chance: Chance;
  isHeld = false;
  #isOver = false;

  constructor(kv: Pick<KvApi, 'kvSetWithOptions' | 'kvDelete'>, clock: Clock, chance: Chance) {
    this.#kv = kv;
    this.#clock = clock;
    this.#chance = chance;
  }

  async start(): Promise<void> {
    const deadlineMs = this.#clock.monotonicMs() + 20_000;
    let waitMs = 1000;
    while (!this.#isOver && this.#clock.monotonicMs() < deadlineMs) {
      const options = { atomic: true, expireInSeconds };
      const answer = await this.#kv.kvSetWithOptions(key, mark, options).catch(() => undefined);
      if (answer === true) {
        this.isHeld = true;
        await this.#refresh();
        return;
      }
      waitMs = answer === undefined ? Math.min(waitMs * 2, 300_000) : 1000;
      await sleep(this.#clock, waitMs + this.#chance.between(-250, 250));
    }
  }

  async #refresh(): Promise<void> {
    for (;;) {
      await sleep(this.#clock, 7500);
      if (this.#isOver) return;
      const options = { atomic: true, oldValue: mark, expireInSeconds };
      const answer = await this.#kv.kvSetWithOptions(key, mark, options).catch(() => undefined);
      if (answer !== true) return;
    }
  }

  async release(): Promise<void> {
    this.#isOver = true;
    if (!this.isHeld) return;
    this.isHeld = false;
    await this.#kv.kvDelete(key).catch(() => undefined);
  }
}
