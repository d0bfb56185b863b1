export { boards } from './boards.ts';
export { expressionOf, windowSecondsOf, type Board, type Panel } from './panel.ts';
