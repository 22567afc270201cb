import type { CommandContext } from '../../lib/context.js';
import { CliError } from '../../lib/errors.js';

export async function testWebhook(context: CommandContext, id: string) {
  const [api, org] = [await context.api(), await context.org()];
  const outcome = await api.testWebhook(org, id);
  if (!outcome.delivered) {
    throw new CliError(`The receiver did not take the test message: ${outcome.error}.`, {
      code: 'NOT_DELIVERED',
      hint: 'It has to answer with 2xx within 10 seconds.',
    });
  }
  context.result(outcome, () => `The receiver took the test message (${outcome.status}).`);
}
