// Writes a store of 26 hours in a process of its own. usage: day-store-child.ts DIRECTORY END_MS
import { report } from './child.ts';
import { writeDayStore } from './day-store.ts';

const [directory = '', endMs = ''] = process.argv.slice(2);
report(writeDayStore(directory, Number(endMs)));
