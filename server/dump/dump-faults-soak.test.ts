import { jest } from '@jest/globals';
import { describeFaults } from './dump-faults-fixture.ts';

const isSoak = process.env['SOAK'] === '1';

// Every step is broken, with a copy of all disks where the process ends: minutes for each test.
jest.setTimeout((isSoak ? 120 : 10) * 60_000);

describeFaults(isSoak ? 1 : 60);
