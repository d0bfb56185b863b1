import {
  consolePages,
  makeProblem,
  say,
  type KnownSentence,
  type Problem,
} from '../../../api/index.ts';
import type { CustomTarget, Settings } from '../../settings/index.ts';
import { alike, listed } from '../alike.ts';
import type { ScrapeTarget, TargetAccess } from '../target.ts';

/**
 * Targets that an administrator added, with the secrets and certificates that they name. Contract:
 * a target whose secret or certificate is missing stays and says so; it is not asked without.
 */
export function customTargets(
  settings: Pick<Settings, 'customTargets' | 'targetSecrets' | 'targetCertificates'>,
): { targets: ScrapeTarget[]; problems: Problem[] } {
  const unarmed: Unarmed[] = [];
  const targets = settings.customTargets.map((custom): ScrapeTarget => {
    const missing = missingOf(custom, settings);
    const target = targetOf(custom, accessOf(custom, settings));
    if (missing === undefined) return target;
    unarmed.push({ custom, missing });
    return { ...target, blocked: { code: 'TARGET_ACCESS', sentence: missing } };
  });
  // One name that is missing may be that of many.
  const problems = alike(unarmed, ({ missing }) => JSON.stringify(missing)).map(missingProblem);
  return { targets, problems };
}

/** A target whose secret or certificate is missing. */
interface Unarmed {
  custom: CustomTarget;
  missing: KnownSentence;
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

function missingProblem(group: readonly [Unarmed, ...Unarmed[]]): Problem {
  return makeProblem({
    code: 'TARGET_ACCESS',
    severity: 'error',
    message: group.length === 1 ? aloneSentence(group[0]) : togetherSentence(group),
    advice: say('custom.access.advice'),
    link: consolePages.plugin,
  });
}

function aloneSentence({ custom, missing: reason }: Unarmed): KnownSentence {
  return say('custom.access', { ...placeOf(custom), reason });
}

function togetherSentence(group: readonly [Unarmed, ...Unarmed[]]): KnownSentence {
  return say('custom.access.targets', {
    targetCount: group.length,
    targets: listed(group.map(({ custom }) => say('custom.named', placeOf(custom)))),
    reason: group[0].missing,
  });
}

function placeOf({ instance, line }: CustomTarget): { instance: string; line: string } {
  return { instance, line: String(line) };
}
