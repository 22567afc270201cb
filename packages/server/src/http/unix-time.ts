import { AppError } from '../errors.js';

/** A query's parameter is well formed and means nothing. */
export class BadParameter extends AppError {
  readonly parameter: string;
  constructor(parameter: string, message: string) {
    super(400, 'GENERIC_BAD_REQUEST', message);
    this.parameter = parameter;
  }
}

/** A time that a caller names in Unix seconds. Throws 400 for what is none, such as milliseconds. */
export function instantOf(name: string, unixSeconds: number): Date {
  const date = new Date(unixSeconds * 1000);
  // What comes after has five-digit years in text, which would not compare.
  const year = date.getUTCFullYear();
  if (Number.isNaN(year) || year < 0 || year > 9999)
    throw new BadParameter(name, `${name} must be a Unix time in seconds`);
  return date;
}
