import { afterEach, expect } from '@jest/globals';
import { interfaceValue } from '../../../lib/gob/index.ts';
import { sleep, systemClock } from '../../../lib/runtime/index.ts';
import { FakeDriver, databaseOver } from '../fake-driver-fixture.ts';
import type { RpcDatabase } from './sql-database.ts';

export const postgres = { dialect: 'postgres' } as const;
export const mysql = { dialect: 'mysql' } as const;
export const whole = (value: number | bigint) => interfaceValue('int64', value);

/** For one file of tests: a database over a driver that the test scripts, looked at after each test. */
export class SqlBench {
  #driver = new FakeDriver();
  #setup: ReturnType<typeof databaseOver> | undefined;

  constructor() {
    afterEach(() => {
      this.#expectRest();
    });
  }

  get driver(): FakeDriver {
    return this.#driver;
  }

  get setup(): ReturnType<typeof databaseOver> {
    if (this.#setup === undefined) throw new Error('nothing was started');
    return this.#setup;
  }

  /** A new database over a new driver. */
  start(): RpcDatabase {
    this.#driver = new FakeDriver();
    this.#setup = databaseOver(this.#driver);
    return this.#setup.database;
  }

  /** Whatever a test did: nothing stays open and nothing would have ended the server. */
  #expectRest(): void {
    const { clock, database } = this.setup;
    expect(this.#driver.crashes).toEqual([]);
    expect([...this.#driver.open.values()]).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
    expect(database.running).toBe(0);
    this.#setup = undefined;
  }
}

/** Lets the wire come to rest. */
export async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await sleep(systemClock, 1);
}
