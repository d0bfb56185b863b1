import type { DumpChoices } from '../../../../api/index.ts';
import type { MetricsApi } from '../../api/client.ts';

/** The server looks at some of its blocks for each question and remembers them; so often it is asked. */
const MOST_QUESTIONS = 3;

/** What there is to choose from in a range; asks again while the server has not looked at everything. */
export async function askChoices(
  api: Pick<MetricsApi, 'choices'>,
  range: { from: number; to: number },
  signal: AbortSignal,
): Promise<DumpChoices> {
  let choices = await api.choices(range, signal);
  for (let asked = 1; choices.isCut && asked < MOST_QUESTIONS; asked += 1) {
    choices = await api.choices(range, signal);
  }
  return choices;
}
