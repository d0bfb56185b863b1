export { Collecting, type Rehearsal } from './collecting.ts';
export { withDiskRelief } from './disk-relief.ts';
export { GapCopier } from './gap-copier.ts';
export { HeadKeeper } from './head-keeper.ts';
export { headSource } from './head-source.ts';
export { targetSource, type TargetSource } from './target-source.ts';
