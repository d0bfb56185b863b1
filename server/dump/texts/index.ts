export { archiveTexts } from './archive-texts.ts';
