import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Passes the body of an answer on as it comes, behind the head that `to` was given. What came together is sent together: a head that goes
 * alone costs every hop, and the caller, one write and one read more. One whose body is not there yet goes at once all the same.
 */
export function passAnswerOn(answer: IncomingMessage, to: ServerResponse): void {
  const alone = setImmediate(() => {
    if (!to.writableEnded) to.flushHeaders();
  });
  const withBody = () => clearImmediate(alone);
  answer.once('data', withBody).once('close', withBody);
  answer.pipe(to);
  // A broken answer must not look like a whole one.
  answer.once('close', () => {
    if (!answer.complete) to.destroy();
  });
}
