/** One field of a protobuf message: `varint` for numbers, `bytes` for strings, messages and byte strings. */
export interface Field {
  number: number;
  varint?: number;
  bytes?: Buffer;
}

/**
 * The fields of a protobuf message in the order in which they stand. Reads the wire format alone: what a field means, and which ones to pass
 * over, is the caller's. Throws on anything that is cut off or no protobuf; never reads or allocates beyond the bytes it was given.
 */
export function* fieldsOf(message: Buffer): Generator<Field> {
  let offset = 0;

  function varint(): number {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[offset++];
      if (byte === undefined) throw new Error('a protobuf message is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      // Counts and times stay far below 2^53; a negative number or nonsense becomes some number all the same.
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw new Error('a protobuf number is too long');
  }

  function take(length: number): Buffer {
    if (length < 0 || length > message.length - offset) throw new Error('a protobuf message is cut off');
    offset += length;
    return message.subarray(offset - length, offset);
  }

  while (offset < message.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    switch (key & 7) {
      case 0:
        yield { number, varint: varint() };
        break;
      case 1:
        yield { number, bytes: take(8) };
        break;
      case 2:
        yield { number, bytes: take(varint()) };
        break;
      case 5:
        yield { number, bytes: take(4) };
        break;
      default:
        throw new Error(`a protobuf message has a field of the unknown kind ${key & 7}`);
    }
  }
}

/** A field of kind string, bytes or message with a number up to 15, as it is written. */
export function bytesField(number: number, bytes: Buffer): Buffer {
  const head = [number * 8 + 2];
  let rest = bytes.length;
  while (rest >= 0x80) {
    head.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.concat([Buffer.from([...head, rest]), bytes]);
}
