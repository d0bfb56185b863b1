export { chooseDataDirectory, DataDirectoryError } from './data-directory.ts';
export { openFilePlace, type FilePlace } from './file-place.ts';
export { freeBytes, isSameDisk } from './free-bytes.ts';
