import { boards } from '../../../panels/index.ts';
import { composeFiles } from './compose-file.ts';
import { grafanaDashboard } from './grafana-dashboard.ts';
import { viewerDirectory, type TextFile, type ViewerFacts } from './viewer-facts.ts';

/**
 * What makes an unpacked dump open with one command: a compose file, the settings of Prometheus and
 * Grafana that it mounts, and one dashboard per board.
 */
export function viewerFiles(facts: ViewerFacts): TextFile[] {
  const dashboards = boards.map((board) => ({
    path: `${viewerDirectory}/grafana/boards/${board.id}.json`,
    content: `${JSON.stringify(grafanaDashboard(board, facts), null, 2)}\n`,
  }));
  return [...composeFiles(facts), ...dashboards];
}

export { dataSourceUid } from './viewer-facts.ts';
export type { TextFile, ViewerFacts };
