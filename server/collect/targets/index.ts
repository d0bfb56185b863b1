export { DeploymentSource, type DeploymentSourceOptions } from './targets-source.ts';
export { isServerTarget, type TargetSet } from './targets.ts';
