#!/usr/bin/env node
// Looks into the files of a metrics store: docs/metrics-store.md.
import { start } from './start.ts';

start(process.argv.slice(2));
