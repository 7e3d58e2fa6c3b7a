import { uniformInt } from "pure-rand/distribution/uniformInt";
import { mersenne } from "pure-rand/generator/mersenne";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Random values determined by a seed. */
export class Random {
  private readonly generator: ReturnType<typeof mersenne>;

  /** @param seed an integer; only its lowest 32 bits are used */
  constructor(seed: number) {
    this.generator = mersenne(seed);
  }

  /** A multiple of a tenth, from `from` to `to`. */
  tenths(from: number, to: number): number {
    return uniformInt(this.generator, Math.round(from * 10), Math.round(to * 10)) / 10;
  }

  /** The same items in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, at: uniformInt(this.generator, 0, 2 ** 30) }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }

  /** Printable text of a given length that hardly compresses. */
  text(length: number): string {
    let text = "";
    while (text.length < length) text += ALPHABET.charAt(uniformInt(this.generator, 0, 63));
    return text;
  }
}
