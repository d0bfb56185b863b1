export { boards } from './boards.ts';
export {
  expressionOf,
  windowSecondsOf,
  type Board,
  type Panel,
  type PanelQuery,
  type Section,
  type Unit,
} from './panel.ts';
