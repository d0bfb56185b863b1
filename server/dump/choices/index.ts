export { ChoiceDesk } from './choice-desk.ts';
