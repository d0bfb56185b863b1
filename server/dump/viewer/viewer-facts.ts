/** What the files of the viewer are made for. */
export interface ViewerFacts {
  /** Name of the server, for titles. */
  serverName: string;
  /** Times of the first and the last sample. */
  actual: { fromMs: number; toMs: number };
  /** Longest time between two samples of a series, as a rule. */
  scrapeIntervalSeconds: number;
}

/** One text file of an archive. */
export interface TextFile {
  /** Name of the member, relative. */
  path: string;
  content: string;
}

/** Directory of the archive that holds what the compose file mounts. */
export const viewerDirectory = 'viewer';

/** Name by which the dashboards find the data source. */
export const dataSourceUid = 'mattermost-metrics';
