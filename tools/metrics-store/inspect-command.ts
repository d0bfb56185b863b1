import { errorText } from '../../lib/runtime/index.ts';
import type { InspectCommand } from './command-line.ts';
import { listBlocks, listChunks, listLabels, listSamples, listSeries } from './inspect-blocks.ts';
import { listGaps } from './inspect-gaps.ts';
import { listWal } from './inspect-wal.ts';
import { printListing, type Listing, type Output } from './output.ts';
import { printable } from './printable.ts';
import type { TellTrouble } from './stored-blocks.ts';

/** Prints what was asked for. The exit code: 1 when something could not be read. */
export function runInspect(command: InspectCommand, output: Output): number {
  let troubles = 0;
  const tell: TellTrouble = (name, error) => {
    troubles++;
    output.err(`${printable(name)}: ${printable(errorText(error))}\n`);
  };
  printListing(listingOf(command, tell), command, output);
  return troubles > 0 ? 1 : 0;
}

function listingOf(command: InspectCommand, tell: TellTrouble): Listing {
  switch (command.subject) {
    case 'blocks':
      return listBlocks(command, tell);
    case 'series':
      return { lines: listSeries(command, tell) };
    case 'samples':
      return { lines: listSamples(command, tell) };
    case 'chunks':
      return { lines: listChunks(command, tell) };
    case 'labels':
      return { lines: listLabels(command, tell) };
    case 'wal':
      return { lines: listWal(command, tell) };
    case 'gaps':
      return { lines: listGaps(command) };
  }
}
