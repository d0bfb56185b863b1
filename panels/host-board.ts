import type { Board } from './panel.ts';

/** What node exporters tell of the machines. */
export const hostBoard: Board = {
  id: 'mattermost-hosts',
  title: 'Hosts (node exporter)',
  jobs: ['node'],
  nodesMetric: 'node_uname_info',
  sections: [
    {
      title: 'Load and memory',
      panels: [
        {
          id: 'host-cpu',
          title: 'CPU in use',
          help: 'Part of all cores that is busy.',
          unit: 'percentunit',
          windowSeconds: 300,
          queries: [
            {
              expression:
                '1 - avg by (instance) (rate(node_cpu_seconds_total{$selector,mode="idle"}[$window]))',
              legend: '{{instance}}',
            },
          ],
        },
        {
          id: 'host-load',
          title: 'Load per core',
          help: 'Processes that want to run, per core, as a mean of five minutes. Above 1 they wait.',
          unit: 'short',
          windowSeconds: 300,
          queries: [
            {
              expression:
                'sum by (instance) (node_load5{$selector}) / count by (instance) (node_cpu_seconds_total{$selector,mode="idle"})',
              legend: '{{instance}}',
            },
          ],
        },
        {
          id: 'host-memory',
          title: 'Memory in use',
          help: 'Part of the memory that cannot be given to another program.',
          unit: 'percentunit',
          windowSeconds: 300,
          queries: [
            {
              expression:
                '1 - node_memory_MemAvailable_bytes{$selector} / node_memory_MemTotal_bytes{$selector}',
              legend: '{{instance}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Disk and network',
      panels: [
        {
          id: 'host-disk-space',
          title: 'Disk space in use',
          help: 'Part of each file system that is full.',
          unit: 'percentunit',
          hasTable: true,
          windowSeconds: 300,
          queries: [
            {
              expression:
                '1 - node_filesystem_avail_bytes{$selector,fstype!~"tmpfs|overlay|squashfs|ramfs"} / node_filesystem_size_bytes{$selector,fstype!~"tmpfs|overlay|squashfs|ramfs"}',
              legend: '{{instance}} {{mountpoint}}',
            },
          ],
        },
        {
          id: 'host-disk-busy',
          title: 'Disk time in use',
          help: 'Part of the time in which a disk works. Near 1 it is the bottleneck.',
          unit: 'percentunit',
          hasTable: true,
          windowSeconds: 300,
          queries: [
            {
              expression: 'rate(node_disk_io_time_seconds_total{$selector}[$window])',
              legend: '{{instance}} {{device}}',
            },
          ],
        },
        {
          id: 'host-network',
          title: 'Network traffic',
          help: 'Bytes per second received and sent, without loopback.',
          unit: 'Bps',
          windowSeconds: 300,
          queries: [
            {
              expression:
                'sum by (instance) (rate(node_network_receive_bytes_total{$selector,device!="lo"}[$window]))',
              legend: 'received {{instance}}',
            },
            {
              expression:
                'sum by (instance) (rate(node_network_transmit_bytes_total{$selector,device!="lo"}[$window]))',
              legend: 'sent {{instance}}',
            },
          ],
        },
        {
          id: 'host-retransmissions',
          title: 'TCP segments sent again',
          help: 'Part of the TCP segments that had to be sent twice: a measure of a bad network.',
          unit: 'percentunit',
          windowSeconds: 300,
          queries: [
            {
              expression:
                'rate(node_netstat_Tcp_RetransSegs{$selector}[$window]) / (rate(node_netstat_Tcp_OutSegs{$selector}[$window]) > 0)',
              legend: '{{instance}}',
            },
          ],
        },
      ],
    },
  ],
};
