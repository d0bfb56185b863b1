import { consolePages, type Problem } from '../../api/index.ts';
import type { CustomTarget, Settings } from '../settings/index.ts';
import type { ScrapeTarget, TargetAccess } from './target.ts';

/**
 * Targets that an administrator added, with the secrets and certificates that they name. Contract:
 * a target whose secret or certificate is missing stays and says so; it is not asked without.
 */
export function customTargets(
  settings: Pick<Settings, 'customTargets' | 'targetSecrets' | 'targetCertificates'>,
): { targets: ScrapeTarget[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const targets = settings.customTargets.map((custom): ScrapeTarget => {
    const missing = missingOf(custom, settings);
    const target = targetOf(custom, accessOf(custom, settings));
    if (missing === undefined) return target;
    problems.push(missingProblem(custom, missing));
    return { ...target, blocked: { code: 'TARGET_ACCESS', message: missing } };
  });
  return { targets, problems };
}

function targetOf(custom: CustomTarget, access: TargetAccess): ScrapeTarget {
  const { job, instance, scheme, host, port, path, labels, intervalMs, timeoutMs } = custom;
  return {
    ...{ job, instance, scheme, host, port, path, labels, access },
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    isOptional: false,
    isForeign: true,
  };
}

function accessOf(
  { secret, ca }: CustomTarget,
  settings: Pick<Settings, 'targetSecrets' | 'targetCertificates'>,
): TargetAccess {
  const authorization = secret === undefined ? undefined : settings.targetSecrets.get(secret);
  const pem = ca === undefined ? undefined : settings.targetCertificates.get(ca);
  return {
    ...(authorization === undefined ? {} : { authorization }),
    ...(pem === undefined ? {} : { ca: pem }),
  };
}

function missingOf(
  { secret, ca }: CustomTarget,
  settings: Pick<Settings, 'targetSecrets' | 'targetCertificates'>,
): string | undefined {
  if (secret !== undefined && !settings.targetSecrets.has(secret)) {
    return `CustomTargetSecrets has no secret with the name ${secret}.`;
  }
  if (ca !== undefined && !settings.targetCertificates.has(ca)) {
    return `CustomTargetCertificates has no certificate with the name ${ca}.`;
  }
  return undefined;
}

function missingProblem({ line, instance }: CustomTarget, missing: string): Problem {
  return {
    code: 'TARGET_ACCESS',
    severity: 'error',
    message: `The custom target ${instance} (line ${String(line)}) is not collected: ${missing}`,
    advice: 'Add the missing entry, or take its name out of CustomTargets.',
    link: consolePages.plugin,
  };
}
