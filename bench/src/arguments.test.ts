import { describe, expect, test } from 'vitest';
import { readArguments, UsageError } from './arguments.js';

const known = ['first', 'second', 'third'];

describe('arguments', () => {
  test('no name means every figure', () => {
    expect(readArguments(['--json'], known)).toEqual({ names: known, json: true });
  });

  test('named figures run once each, in their own order', () => {
    expect(readArguments(['third', 'first', 'third'], known)).toEqual({ names: ['first', 'third'], json: false });
  });

  test('an unknown name is refused with the known ones', () => {
    expect(() => readArguments(['frist'], known)).toThrow(UsageError);
    expect(() => readArguments(['frist'], known)).toThrow(/Unknown name 'frist'[\s\S]*first, second, third/);
  });

  test('an unknown option is refused, and is no name', () => {
    expect(() => readArguments(['--jsno'], known)).toThrow("Unknown option '--jsno'");
  });
});
