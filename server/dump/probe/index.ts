export { DumpPace } from './dump-pace.ts';
export { KeptPace } from './kept-pace.ts';
export { ProbeDesk } from './probe-desk.ts';
export { spread } from './probe-order.ts';
