export type {
  AddGroupResult,
  FinishResult,
  GroupProgress,
  OpenRequest,
  PackedBlock,
  PackedFile,
} from './protocol.ts';
