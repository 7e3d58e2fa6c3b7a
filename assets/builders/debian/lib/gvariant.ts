/** GVariant's serialised form, as far as static deltas need it: containers are built from serialised children. */

/** A tuple's child: its bytes, its type's alignment, and whether its type has a fixed size. */
export interface Child {
  readonly data: Buffer;
  readonly align?: number;
  readonly fixed?: boolean;
}

export function u32be(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

export function u64be(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}

export function u64le(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out;
}

/** Seven bits per byte, lowest first; the high bit means that more follow. */
export function varuint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return Buffer.from(out);
}

/** Zero bytes that bring `length` to a multiple of `align`. */
export function padding(length: number, align: number): Buffer {
  return Buffer.alloc((align - (length % align)) % align);
}

/** Framing offsets use the smallest size that can address the whole container, themselves included. */
function framing(bodyLength: number, ends: readonly number[]): Buffer {
  const size = [1, 2, 4].find((s) => bodyLength + ends.length * s < 2 ** (8 * s));
  if (size === undefined) throw new Error(`a container of ${String(bodyLength)} bytes is too large`);
  const out = Buffer.alloc(ends.length * size);
  ends.forEach((end, i) => out.writeUIntLE(end, i * size, size));
  return out;
}

/** A tuple: the ends of its variable-size children, except the last child, follow in reverse order. */
export function tuple(children: readonly Child[]): Buffer {
  const out: Buffer[] = [];
  const ends: number[] = [];
  let at = 0;
  children.forEach(({ data, align = 1, fixed = false }, i) => {
    const gap = padding(at, align);
    out.push(gap, data);
    at += gap.length + data.length;
    if (!fixed && i < children.length - 1) ends.unshift(at);
  });
  return Buffer.concat([...out, framing(at, ends)]);
}

/** An array of variable-size elements: the ends of all elements follow. */
export function array(elements: readonly Buffer[], align = 1): Buffer {
  const out: Buffer[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const data of elements) {
    const gap = padding(at, align);
    out.push(gap, data);
    at += gap.length + data.length;
    ends.push(at);
  }
  return Buffer.concat([...out, framing(at, ends)]);
}

/** a{sv}: names with serialised values and their type strings. */
export function dictionary(entries: Readonly<Record<string, { data: Buffer; type: string }>>): Buffer {
  const serialised = Object.entries(entries).map(([name, { data, type }]) => {
    const variant = Buffer.concat([data, Buffer.from(`\0${type}`)]);
    return tuple([{ data: Buffer.from(`${name}\0`) }, { data: variant, align: 8 }]);
  });
  return array(serialised, 8);
}
