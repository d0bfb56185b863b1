export { Admission } from './admission.ts';
export { DumpExpiry } from './expiry.ts';
export { importGoPluginJobs } from './go-plugin-jobs.ts';
export { JobBook } from './job-book.ts';
export { newJobId } from './job-id.ts';
export { isFinished, newRecord, type JobRecord } from './job-record.ts';
export { JobRunner } from './job-runner.ts';
export { JobWatch } from './job-watch.ts';
