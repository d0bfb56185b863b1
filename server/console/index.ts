export { ChangeEvents } from './change-events.ts';
export { EventReaders } from './event-readers.ts';
export { RefusedSave } from './refused-save.ts';
