/** Bounds of a histogram, as most exporters have them. */
const bounds = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10'];
bounds.push('+Inf');

/** Groups of families in one body; each has a family of every kind. */
const groups = 8;

/**
 * A body like those of a Mattermost server, of {@link groups} times every kind of line. Kinds take
 * turns, so that all of them have been met when the engine compiles what reads them. Bodies of two
 * rounds have the same metrics with other label values.
 */
export function madeUpBody(round: number): Uint8Array {
  const lines: string[] = [];
  for (let group = 0; group < groups; group++) {
    const id = `${String(round)}${String(group)}`;
    addGauges(lines, group, id);
    addCounters(lines, group, id);
    addHistogram(lines, `mattermost_api_time_${String(group)}`, apiLabels(id), 1 + group);
    addHistogram(lines, `mattermost_db_store_time_${String(group)}`, storeLabels(id), 3 + group);
  }
  lines.push('');
  return new TextEncoder().encode(lines.join('\n'));
}

function addGauges(lines: string[], group: number, id: string): void {
  const name = `process_open_things_${String(group)}`;
  lines.push(`# HELP ${name} Number of open things.`, `# TYPE ${name} gauge`);
  lines.push(`${name} ${id}`, `go_memstats_bytes_${String(group)} 1.${id}7217e+09`);
}

function addCounters(lines: string[], group: number, id: string): void {
  const name = `mattermost_http_requests_${String(group)}_total`;
  lines.push(`# HELP ${name} The total number of requests.`, `# TYPE ${name} counter`);
  for (let node = 0; node < 8; node++) {
    lines.push(`${name}{cluster="main",node="app-${String(node)}"} ${String(node * 137)}${id}`);
  }
}

function apiLabels(id: string): string {
  return `handler="GetProfilesByIds${id}",method="GET",origin_client="web",status_code="200"`;
}

function storeLabels(id: string): string {
  return `method="ChannelStore.GetMembers${id}",success="true"`;
}

function addHistogram(lines: string[], name: string, labels: string, step: number): void {
  lines.push(`# HELP ${name} Time to do it (seconds)`, `# TYPE ${name} histogram`);
  for (const [at, bound] of bounds.entries()) {
    lines.push(`${name}_bucket{${labels},le="${bound}"} ${String(at * step * 97)}`);
  }
  // Sums of durations have all the digits that a double can have.
  lines.push(`${name}_sum{${labels}} ${String((step * 10) / 7)}`);
  lines.push(`${name}_count{${labels}} ${String(12 * step * 97)}`);
}
