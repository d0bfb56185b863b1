export { NotCollecting, answerAsk } from './collector-state.ts';
export { CollectorView } from './collector-view.ts';
export { OwnState } from './own-state.ts';
export { pulseOf } from './pulse.ts';
export { clusterNode, lastRestartMs, serverRestarts } from './restarts.ts';
