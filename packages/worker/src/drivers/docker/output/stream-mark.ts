import type { DriverLogLine } from '../../driver.js';

/**
 * Stands before each line of stderr in the spool, which keeps both streams in the order in which they came. A control character that
 * no text begins with; an agent that prints it itself has its line told as stderr, and misses the character.
 */
const mark = 0x0f;
const markBytes = Buffer.of(mark);
const markText = String.fromCharCode(mark);

/** What is written to the spool of a message. One that goes on with a line says of itself what the line began with. */
export function marked(stream: 'stdout' | 'stderr', text: Buffer, beginsLine: boolean): Buffer {
  return stream === 'stderr' && beginsLine && text.length > 0 ? Buffer.concat([markBytes, text]) : text;
}

/** Takes the mark off the lines of one reader, in their order: a piece of an overlong line is of the stream of the one before. */
export function createStreamReader() {
  let before: DriverLogLine['stream'];
  return (line: DriverLogLine): DriverLogLine => {
    const isMarked = before === undefined && line.text.startsWith(markText);
    const stream = before ?? (isMarked ? 'stderr' : 'stdout');
    before = line.goesOn ? stream : undefined;
    return { ...line, text: isMarked ? line.text.slice(1) : line.text, stream };
  };
}
