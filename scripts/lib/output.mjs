// What the scripts say to the person at the terminal.

/** Something the person can put right; shown as its one line, without a stack. */
export class Refusal extends Error {}

// Escape sequences in a log line could move the cursor or retitle the window.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text of another process, safe to show on a terminal. */
export function printable(text) {
  return text.replace(CONTROL, '');
}

/** One line to stdout. */
export function say(line) {
  process.stdout.write(`${line}\n`);
}

/** One line to stderr. */
export function warn(line) {
  process.stderr.write(`${line}\n`);
}

/** A closed terminal or pipe must not stop what the scripts look after. */
export function surviveClosedOutput() {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/** Shows `line` with the seconds passed while work goes on, on a terminal only. Call the result to clear it. */
export function progress(line, stream = process.stderr) {
  if (!stream.isTTY) return () => {};
  const began = Date.now();
  const draw = () => stream.write(`\r\u001b[2K${line} ${seconds(Date.now() - began)}`);
  draw();
  const timer = setInterval(draw, 1000);
  timer.unref();
  return () => {
    clearInterval(timer);
    stream.write('\r\u001b[2K');
  };
}

/** A duration in milliseconds for people: "0.4 s", "12 s". */
export function seconds(milliseconds) {
  const value = milliseconds / 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
}
