import { callsBoard } from './calls-board.ts';
import { collectionBoard } from './collection-board.ts';
import { hostBoard } from './host-board.ts';
import type { Board } from './panel.ts';
import { serverBoard } from './server-board.ts';

/** All boards, the most important first. */
export const boards: readonly Board[] = [serverBoard, hostBoard, callsBoard, collectionBoard];
