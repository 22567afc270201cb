/**
 * Reads HTTP/1.1 responses out of a connection's chunks and reports the status of each that is complete. Knows only bodies with
 * a content length, and throws for others: it is made to cost little, so that the client is never what is measured.
 */
export function createResponseReader(onResponse: (status: number) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const headEnd = data.indexOf('\r\n\r\n');
      if (headEnd < 0) break;
      const head = data.toString('latin1', 0, headEnd);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      if (length === undefined) throw new Error(`An answer without a content length: ${head}`);
      const end = headEnd + 4 + Number(length);
      if (data.length < end) break;
      onResponse(Number(head.slice(9, 12)));
      data = data.subarray(end);
    }
    rest = data;
  };
}
