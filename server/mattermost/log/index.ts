export { makeLogLine, toStderrLine, type LogLine } from './log-line.ts';
export { HostLogger } from './log.ts';
export { redactText } from './redact.ts';
