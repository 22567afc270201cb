import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Answers with the status of `answer`, these headers (names and values in turn), and its body as it comes. The words beside the status
 * stay behind: they may hold what nobody may send. Throws, with nothing sent, for a status that ends no request.
 *
 * What came together is sent together: a head that goes alone costs every hop, and the caller, one write and one read more. One whose body
 * is not there yet goes at once all the same.
 */
export function passAnswerOn(answer: IncomingMessage, to: ServerResponse, headers: string[]): void {
  const { statusCode = 0 } = answer;
  // 101 as well: nobody asked for another protocol, and a proxy before this one would take it for a tunnel.
  if (statusCode < 200) throw new Error(`It answered with the status ${statusCode}`);
  to.writeHead(statusCode, headers);
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
