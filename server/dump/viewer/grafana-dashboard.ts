import type {
  Dashboard,
  DataSourceRef,
  Panel as GrafanaPanel,
  RowPanel,
  VariableModel,
} from '@grafana/schema';
import { expressionOf, windowSecondsOf, type Board, type Panel } from '../../../panels/index.ts';
import { dataSourceUid, type ViewerFacts } from './viewer-facts.ts';

/** Grafana's grid has 24 columns; two panels stand beside each other. */
const panelWidth = 12;
const panelHeight = 9;

/** Version of the dashboard model of the Grafana that the compose file names. */
const schemaVersion = 41;

// The schema's enumerations exist as types only; what ships has their numbers.
/** All panels show the crosshair of one. */
const sharedCrosshair = 1;
/** Nodes come and go with the time range. */
const onTimeRangeChange = 2;
const byName = 1;

type Variable = Omit<VariableModel, 'refresh' | 'sort'> & { refresh: number; sort: number };
type DashboardModel = Omit<Dashboard, 'graphTooltip' | 'templating'> & {
  graphTooltip: number;
  templating: { list: Variable[] };
};

const datasource: DataSourceRef = { type: 'prometheus', uid: dataSourceUid };
const selector = 'job=~"$job",instance=~"$server"';

/** A board as a Grafana dashboard over the time of the dump. */
export function grafanaDashboard(board: Board, facts: ViewerFacts): DashboardModel {
  const { actual, scrapeIntervalSeconds, serverName } = facts;
  return {
    uid: board.id,
    title: `${board.title}: ${serverName}`,
    tags: ['mattermost'],
    schemaVersion,
    editable: true,
    graphTooltip: sharedCrosshair,
    timezone: 'utc',
    time: { from: isoOf(actual.fromMs), to: isoOf(actual.toMs) },
    templating: { list: variablesOf(board) },
    panels: panelsOf(board, scrapeIntervalSeconds),
  };
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function variablesOf(board: Board): Variable[] {
  const jobs = board.jobs.join('|');
  return [
    variable('job', 'Job', `label_values(up{job=~"${jobs}"}, job)`, jobs),
    variable('server', 'Node', `label_values(${board.nodesMetric}{job=~"$job"}, instance)`, '.+'),
  ];
}

function variable(name: string, label: string, query: string, allValue: string): Variable {
  return {
    type: 'query',
    name,
    label,
    datasource,
    query,
    allValue,
    includeAll: true,
    multi: true,
    current: { selected: true, text: ['All'], value: ['$__all'] },
    refresh: onTimeRangeChange,
    sort: byName,
  };
}

function panelsOf(board: Board, intervalSeconds: number): (GrafanaPanel | RowPanel)[] {
  const panels: (GrafanaPanel | RowPanel)[] = [];
  let y = 0;
  for (const section of board.sections) {
    panels.push({
      type: 'row',
      id: panels.length + 1,
      title: section.title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y++;
    section.panels.forEach((panel, at) => {
      const x = (at % 2) * panelWidth;
      const row = Math.floor(at / 2) * panelHeight;
      panels.push({
        id: panels.length + 1,
        gridPos: { x, y: y + row, w: panelWidth, h: panelHeight },
        ...timeSeries(panel, windowSecondsOf(panel, intervalSeconds)),
      });
    });
    y += Math.ceil(section.panels.length / 2) * panelHeight;
  }
  return panels;
}

function timeSeries(panel: Panel, windowSeconds: number): GrafanaPanel {
  const scale = panel.isLogarithmic === true ? { type: 'log', log: 2 } : { type: 'linear' };
  return {
    type: 'timeseries',
    title: panel.title,
    description: panel.help,
    datasource,
    targets: panel.queries.map((query, at) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + at),
      datasource,
      expr: expressionOf(query, selector, windowSeconds),
      legendFormat: query.legend,
      range: true,
    })),
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        // Gaps stay visible: whoever looks must see where data is missing.
        custom: { fillOpacity: 10, showPoints: 'auto', spanNulls: false, scaleDistribution: scale },
      },
      overrides: [],
    },
    options: {
      legend:
        panel.hasTable === true
          ? {
              ...{ showLegend: true, displayMode: 'table', placement: 'right' },
              calcs: ['last', 'mean', 'max'],
            }
          : { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}
