import { jest } from '@jest/globals';
import { describeFaults } from './dump-faults-fixture.ts';

// Files are flushed for real: on a busy machine that takes its time.
jest.setTimeout(10 * 60_000);

describeFaults(6);
