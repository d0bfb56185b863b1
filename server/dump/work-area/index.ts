export { eachIndex } from './each-index.ts';
export { fetchBlock } from './fetch-object.ts';
export { StorePace } from './store-pace.ts';
export { holdBlock, WorkArea } from './work-area.ts';
