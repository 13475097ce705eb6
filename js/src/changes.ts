import { type Codec, CodecWords } from "./codec.js";
import type { As, Word } from "./commands/call.js";
import { type Wish, wishOf } from "./commands/decoders.js";
import type { Core } from "./core/core.js";
import { KeyPrefix } from "./key-prefix.js";
import type { Wanted } from "./requests.js";

/** What a client changes in commands before they are sent, and in their replies: values by the option codec, keys
    by the option keyPrefix. */
export class Changes {
  readonly #keyPrefix: KeyPrefix | undefined;
  readonly #codec: CodecWords | undefined;
  /** Whether there is nothing to change. */
  readonly areNone: boolean;

  constructor(core: Core, keyPrefix: string, codec: Codec | undefined) {
    this.#keyPrefix = keyPrefix === "" ? undefined : new KeyPrefix(core, keyPrefix);
    this.#codec = codec === undefined ? undefined : new CodecWords(codec);
    this.areNone = keyPrefix === "" && codec === undefined;
  }

  /** The words as the server gets them. Throws what KeyPrefix and the codec throw. */
  words(words: readonly Word[]): readonly Word[] {
    const packed = this.#codec === undefined ? words : this.#codec.words(words);
    return this.#keyPrefix === undefined ? packed : this.#keyPrefix.words(packed);
  }

  /** The same for a list of commands. */
  all(commands: readonly (readonly Word[])[]): readonly (readonly Word[])[] {
    return this.areNone ? commands : commands.map((words) => this.words(words));
  }

  key(key: Word): Word { return this.#keyPrefix?.key(key) ?? key; }

  /** How the reply to a command is wanted. */
  wanted(words: readonly Word[], wanted: Wanted): Wanted {
    return this.areNone ? wanted : { ...wanted, wish: this.wishFor(words, wanted.options?.as) };
  }

  /** How the strings of the reply to a command are wanted. */
  wishFor(words: readonly Word[], as: As | undefined): Wish {
    return wishOf(as, this.#codec?.unpacks(words));
  }
}
