import { Turnstile } from './turnstile.ts';

/** The place of one body that is being parsed and stored. */
export interface ParsingLane {
  /** Makes room for the others: resolves when it is this body's turn among those that take long. */
  stepAside(): Promise<void>;
}

/**
 * Lets bodies be parsed one after the other, so that no stretch of work is made of several targets'
 * slices, but none wait behind one that takes long: such a body steps aside and goes on in a second
 * lane. Two slices in a row are then the longest stretch. What waits is bounded by the callers.
 */
export class ParsingLanes {
  readonly #quick = new Turnstile(1);
  readonly #long = new Turnstile(1);

  async pass<Result>(work: (lane: ParsingLane) => Promise<Result>): Promise<Result> {
    const aside = Promise.withResolvers<undefined>();
    const ended = Promise.withResolvers<undefined>();
    let hasSteppedAside = false;
    const stepAside = async () => {
      if (hasSteppedAside) return;
      hasSteppedAside = true;
      aside.resolve(undefined);
      const turn = Promise.withResolvers<undefined>();
      void this.#long.pass(() => {
        turn.resolve(undefined);
        return ended.promise;
      });
      await turn.promise;
    };
    const run = async () => {
      try {
        return await work({ stepAside });
      } finally {
        aside.resolve(undefined);
        ended.resolve(undefined);
      }
    };
    // An object, because a promise returned from the lane would keep it.
    const { running } = await this.#quick.pass(async () => {
      const started = { running: run() };
      // Whoever waits for the result hears of a failure; here only the end counts.
      started.running.catch(() => undefined);
      await aside.promise;
      return started;
    });
    return running;
  }
}
