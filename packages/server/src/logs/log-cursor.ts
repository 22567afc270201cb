import { logCursorPattern } from '@pipecat-cloud/contract/logs';
import { badRequest } from '../errors.js';

/** Where a line ends: number of its segment, and bytes from its start. */
export interface LogPlace {
  segment: number;
  bytes: number;
}

const pattern = new RegExp(logCursorPattern);

/** Short, so that it fits a link: both numbers to the base of 36. */
export function encodeCursor(segment: number, bytes: number): string {
  return `${segment.toString(36)}.${bytes.toString(36)}`;
}

/** Throws 400 for what is none. */
export function decodeCursor(text: string): LogPlace {
  if (!pattern.test(text)) throw badRequest(`'${text.slice(0, 40)}' is no cursor of a log line`);
  const [segment = '', bytes = ''] = text.split('.');
  return { segment: Number.parseInt(segment, 36), bytes: Number.parseInt(bytes, 36) };
}
