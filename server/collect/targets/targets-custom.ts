import {
  consolePages,
  makeProblem,
  say,
  type KnownSentence,
  type Problem,
} from '../../../api/index.ts';
import type { CustomTarget, Settings } from '../../settings/index.ts';
import type { ScrapeTarget, TargetAccess } from '../target.ts';

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
    return { ...target, blocked: { code: 'TARGET_ACCESS', sentence: missing } };
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
): KnownSentence | undefined {
  if (secret !== undefined && !settings.targetSecrets.has(secret)) {
    return say('custom.no-secret', { name: secret });
  }
  if (ca !== undefined && !settings.targetCertificates.has(ca)) {
    return say('custom.no-certificate', { name: ca });
  }
  return undefined;
}

function missingProblem({ line, instance }: CustomTarget, reason: KnownSentence): Problem {
  return makeProblem({
    code: 'TARGET_ACCESS',
    severity: 'error',
    message: say('custom.access', { instance, line: String(line), reason }),
    advice: say('custom.access.advice'),
    link: consolePages.plugin,
  });
}
